package main

import (
	"context"
	"errors"
	"log"
	"net/http"

	"go.mongodb.org/atlas-sdk/v20250312010/admin"
	"golang.org/x/oauth2"
)

func v2(job *job) func(*request) response {
	// The base URL comes first, because the token endpoint derives from it.
	client, err := admin.NewClient(admin.UseBaseURL(job.BaseURL), job.Auth.modifier())
	if err != nil {
		log.Fatal(err)
	}
	return func(request *request) response {
		return v2Send(client.ProgrammaticAPIKeysApi, request)
	}
}

func v2Send(keys admin.ProgrammaticAPIKeysApi, request *request) response {
	ctx, scope, id := context.Background(), request.ScopeID, request.KeyID
	switch request.Operation {
	case "list_org_api_keys":
		return v2Result(keys.ListOrgApiKeys(ctx, scope).Execute())
	case "create_org_api_key":
		var body admin.CreateAtlasOrganizationApiKey
		decode(request.Body, &body)
		return v2Result(keys.CreateOrgApiKey(ctx, scope, &body).Execute())
	case "get_org_api_key":
		return v2Result(keys.GetOrgApiKey(ctx, scope, id).Execute())
	case "update_org_api_key":
		var body admin.UpdateAtlasOrganizationApiKey
		decode(request.Body, &body)
		return v2Result(keys.UpdateOrgApiKey(ctx, scope, id, &body).Execute())
	case "delete_org_api_key":
		return v2Empty(keys.DeleteOrgApiKey(ctx, scope, id).Execute())
	case "list_access_list_entries":
		return v2Result(keys.ListOrgAccessEntries(ctx, scope, id).Execute())
	case "add_access_list_entries":
		var body []admin.UserAccessListRequest
		decode(request.Body, &body)
		return v2Result(keys.CreateOrgAccessEntry(ctx, scope, id, &body).Execute())
	case "get_access_list_entry":
		return v2Result(keys.GetOrgAccessEntry(ctx, scope, request.Entry, id).Execute())
	case "delete_access_list_entry":
		return v2Empty(keys.DeleteAccessEntry(ctx, scope, id, request.Entry).Execute())
	case "list_project_api_keys":
		return v2Result(keys.ListGroupApiKeys(ctx, scope).Execute())
	case "create_project_api_key":
		var body admin.CreateAtlasProjectApiKey
		decode(request.Body, &body)
		return v2Result(keys.CreateGroupApiKey(ctx, scope, &body).Execute())
	case "replace_project_api_key_roles":
		var body admin.UpdateAtlasProjectApiKey
		decode(request.Body, &body)
		return v2Result(keys.UpdateApiKeyRoles(ctx, scope, id, &body).Execute())
	case "assign_project_api_key":
		var body []admin.UserAccessRoleAssignment
		decode(request.Body, &body)
		return v2Empty(keys.AddGroupApiKey(ctx, scope, id, &body).Execute())
	case "remove_project_api_key":
		return v2Empty(keys.RemoveGroupApiKey(ctx, scope, id).Execute())
	}
	log.Fatalf("the SDK has no %s", request.Operation)
	return response{}
}

func (auth *auth) modifier() admin.ClientModifier {
	if account := auth.ServiceAccount; account != nil {
		return admin.UseOAuthAuth(context.Background(), account.ClientID, account.ClientSecret)
	}
	return admin.UseDigestAuth(auth.Digest.PublicKey, auth.Digest.PrivateKey)
}

func v2Empty(httpResponse *http.Response, err error) response {
	return v2Result[any](nil, httpResponse, err)
}

// v2Result returns what a user of the SDK learns from a response.
func v2Result[T any](content *T, httpResponse *http.Response, err error) response {
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
	var body any = content
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
