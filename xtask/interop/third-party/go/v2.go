package main

import (
	"context"
	"errors"
	"log"
	"net/http"

	"go.mongodb.org/atlas-sdk/v20250312010/admin"
	"golang.org/x/oauth2"
)

func v2(job *job) func(*update) response {
	// The base URL comes first, because the token endpoint derives from it.
	client, err := admin.NewClient(admin.UseBaseURL(job.BaseURL), job.Auth.modifier())
	if err != nil {
		log.Fatal(err)
	}
	ctx, keys := context.Background(), client.ProgrammaticAPIKeysApi
	return func(update *update) response {
		if update.Operation == "org" {
			var body admin.UpdateAtlasOrganizationApiKey
			decode(update.Body, &body)
			return v2Result(keys.UpdateOrgApiKey(ctx, update.ScopeID, update.KeyID, &body).Execute())
		}
		var body admin.UpdateAtlasProjectApiKey
		decode(update.Body, &body)
		return v2Result(keys.UpdateApiKeyRoles(ctx, update.ScopeID, update.KeyID, &body).Execute())
	}
}

func (auth *auth) modifier() admin.ClientModifier {
	if account := auth.ServiceAccount; account != nil {
		return admin.UseOAuthAuth(context.Background(), account.ClientID, account.ClientSecret)
	}
	return admin.UseDigestAuth(auth.Digest.PublicKey, auth.Digest.PrivateKey)
}

// v2Result returns what a user of the SDK learns about an update.
func v2Result(key *admin.ApiKeyUserDetails, httpResponse *http.Response, err error) response {
	var rejected *oauth2.RetrieveError
	if errors.As(err, &rejected) {
		return response{
			Status: rejected.Response.StatusCode,
			Body:   map[string]string{"error": rejected.ErrorCode},
		}
	}
	if httpResponse == nil {
		log.Fatal(err)
	}
	var body any = key
	if model, ok := admin.AsError(err); ok {
		body = model
	} else if err != nil {
		log.Fatal(err)
	}
	return response{
		Status:    httpResponse.StatusCode,
		MediaType: httpResponse.Header.Get("Content-Type"),
		ErrorCode: httpResponse.Header.Get("X-Error-Code"),
		Body:      body,
	}
}
