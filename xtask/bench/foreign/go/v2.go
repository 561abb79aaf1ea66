package main

import (
	"context"
	"errors"
	"log"
	"net/http"

	"go.mongodb.org/atlas-sdk/v20250312010/admin"
	"golang.org/x/oauth2"
)

func v2(job *job) func(*update) answer {
	// The base URL first: the token's endpoint is made from it.
	client, err := admin.NewClient(admin.UseBaseURL(job.BaseURL), job.Auth.modifier())
	if err != nil {
		log.Fatal(err)
	}
	ctx, keys := context.Background(), client.ProgrammaticAPIKeysApi
	return func(update *update) answer {
		if update.Operation == "org" {
			var body admin.UpdateAtlasOrganizationApiKey
			decode(update.Body, &body)
			return told(keys.UpdateOrgApiKey(ctx, update.ScopeID, update.KeyID, &body).Execute())
		}
		var body admin.UpdateAtlasProjectApiKey
		decode(update.Body, &body)
		return told(keys.UpdateApiKeyRoles(ctx, update.ScopeID, update.KeyID, &body).Execute())
	}
}

func (auth *auth) modifier() admin.ClientModifier {
	if account := auth.ServiceAccount; account != nil {
		return admin.UseOAuthAuth(context.Background(), account.ClientID, account.ClientSecret)
	}
	return admin.UseDigestAuth(auth.Digest.PublicKey, auth.Digest.PrivateKey)
}

// told is what a user of the SDK can know of an update.
func told(key *admin.ApiKeyUserDetails, response *http.Response, err error) answer {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return answer{
			Status: refused.Response.StatusCode,
			Body:   map[string]string{"error": refused.ErrorCode},
		}
	}
	if response == nil {
		log.Fatal(err)
	}
	var body any = key
	if model, ok := admin.AsError(err); ok {
		body = model
	} else if err != nil {
		log.Fatal(err)
	}
	return answer{
		Status:    response.StatusCode,
		MediaType: response.Header.Get("Content-Type"),
		ErrorCode: response.Header.Get("X-Error-Code"),
		Body:      body,
	}
}
