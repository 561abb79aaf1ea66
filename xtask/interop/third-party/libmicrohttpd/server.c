/* A server with the digest authentication of libmicrohttpd, which gives one nonce to
 * all who ask for it within a second. It responds to an update with its key.
 *
 * Arguments: port, realm, user, password, and the file of the access log. */

#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <arpa/inet.h>

static const char *realm, *user, *password;
static FILE *access_log;

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status,
                               const char *method, const char *body, int stale)
{
    const char *authorization =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    fprintf(access_log, "%s %u %s\n", method, status, authorization ? authorization : "-");
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(body), (void *)body, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type",
                            "application/vnd.atlas.2023-01-01+json;charset=utf-8");
    enum MHD_Result queued =
        status == MHD_HTTP_OK
            ? MHD_queue_response(connection, status, response)
            : MHD_queue_auth_fail_response2(connection, realm, "interop", response,
                                            stale ? MHD_YES : MHD_NO, MHD_DIGEST_ALG_MD5);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection,
                              const char *url, const char *method, const char *version,
                              const char *upload, size_t *length, void **state)
{
    static int seen;
    (void)context, (void)version, (void)upload;
    /* The first call is for the head, the last one is without a part of the body. */
    if (*state == NULL || *length > 0) {
        *state = &seen;
        *length = 0;
        return MHD_YES;
    }
    char *name = MHD_digest_auth_get_username(connection);
    int is_user = name != NULL && strcmp(name, user) == 0;
    MHD_free(name);
    int checked = is_user ? MHD_digest_auth_check2(connection, realm, user, password, 300,
                                                   MHD_DIGEST_ALG_MD5)
                          : MHD_NO;
    if (checked != MHD_YES)
        return respond(connection, MHD_HTTP_UNAUTHORIZED, method, "{}",
                       checked == MHD_INVALID_NONCE);
    char body[512];
    const char *key = strrchr(url, '/');
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"links\":[],\"publicKey\":\"abcdefgh\"}",
             key ? key + 1 : "");
    return respond(connection, MHD_HTTP_OK, method, body, 0);
}

int main(int count, char **arguments)
{
    if (count != 6)
        return 2;
    realm = arguments[2], user = arguments[3], password = arguments[4];
    access_log = fopen(arguments[5], "w");
    if (access_log == NULL)
        return 1;
    setvbuf(access_log, NULL, _IOLBF, 0);
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);

    char random[16];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return 1;
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((unsigned short)atoi(arguments[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, &handle, NULL,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_THREAD_POOL_SIZE, 4u,
        MHD_OPTION_NONCE_NC_SIZE, 4096u,
        MHD_OPTION_DIGEST_AUTH_RANDOM, sizeof random, random, MHD_OPTION_END);
    if (daemon == NULL)
        return 1;
    int signal;
    sigwait(&stop, &signal);
    MHD_stop_daemon(daemon);
    fclose(access_log);
    return 0;
}
