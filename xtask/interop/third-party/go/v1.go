package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"

	"github.com/mongodb-forks/digest"
	"go.mongodb.org/atlas/mongodbatlas"
)

func v1(job *job) func(*request) response {
	pair := job.Auth.Digest
	httpClient, err := digest.NewTransport(pair.PublicKey, pair.PrivateKey).Client()
	if err != nil {
		log.Fatal(err)
	}
	client, err := mongodbatlas.New(
		httpClient,
		mongodbatlas.SetBaseURL(job.BaseURL+"/"),
		mongodbatlas.SetWithRaw(),
	)
	if err != nil {
		log.Fatal(err)
	}
	return func(request *request) response {
		return v1Send(client, request)
	}
}

func v1Send(client *mongodbatlas.Client, request *request) response {
	ctx := context.Background()
	org, projects, lists := client.APIKeys, client.ProjectAPIKeys, client.AccessListAPIKeys
	scope, id := request.ScopeID, request.KeyID
	switch request.Operation {
	case "list_org_api_keys":
		_, httpResponse, err := org.List(ctx, scope, nil)
		return v1Result(httpResponse, err)
	case "create_org_api_key":
		var body mongodbatlas.APIKeyInput
		decode(request.Body, &body)
		key, httpResponse, err := org.Create(ctx, scope, &body)
		return v1Key(key, httpResponse, err)
	case "get_org_api_key":
		key, httpResponse, err := org.Get(ctx, scope, id)
		return v1Key(key, httpResponse, err)
	case "update_org_api_key":
		var body mongodbatlas.APIKeyInput
		decode(request.Body, &body)
		key, httpResponse, err := org.Update(ctx, scope, id, &body)
		return v1Key(key, httpResponse, err)
	case "delete_org_api_key":
		return v1Result(org.Delete(ctx, scope, id))
	case "list_access_list_entries":
		_, httpResponse, err := lists.List(ctx, scope, id, nil)
		return v1Result(httpResponse, err)
	case "add_access_list_entries":
		var body []*mongodbatlas.AccessListAPIKeysReq
		decode(request.Body, &body)
		_, httpResponse, err := lists.Create(ctx, scope, id, body)
		return v1Result(httpResponse, err)
	case "get_access_list_entry":
		_, httpResponse, err := lists.Get(ctx, scope, id, request.Entry)
		return v1Result(httpResponse, err)
	case "delete_access_list_entry":
		return v1Result(lists.Delete(ctx, scope, id, request.Entry))
	case "list_project_api_keys":
		_, httpResponse, err := projects.List(ctx, scope, nil)
		return v1Result(httpResponse, err)
	case "create_project_api_key":
		var body mongodbatlas.APIKeyInput
		decode(request.Body, &body)
		key, httpResponse, err := projects.Create(ctx, scope, &body)
		return v1Key(key, httpResponse, err)
	case "replace_project_api_key_roles":
		var body mongodbatlas.AssignAPIKey
		decode(request.Body, &body)
		return v1Result(projects.Assign(ctx, scope, id, &body))
	case "remove_project_api_key":
		return v1Result(projects.Unassign(ctx, scope, id))
	}
	log.Fatalf("the client has no %s", request.Operation)
	return response{}
}

// v1Key returns what a user of the client learns from a response about one key.
func v1Key(key *mongodbatlas.APIKey, httpResponse *mongodbatlas.Response, err error) response {
	result := v1Result(httpResponse, err)
	if err == nil {
		result.Body = key
	}
	return result
}

// v1Result returns what a user of the client learns from a response. Of lists, and of
// responses that it does not read, that is the text.
func v1Result(httpResponse *mongodbatlas.Response, err error) response {
	var body any
	var rejected *mongodbatlas.ErrorResponse
	if errors.As(err, &rejected) {
		body = map[string]string{"errorCode": rejected.ErrorCode}
	} else if err != nil {
		log.Fatal(err)
	} else if len(httpResponse.Raw) > 0 {
		body = json.RawMessage(httpResponse.Raw)
	}
	return response{
		Status:    httpResponse.StatusCode,
		MediaType: httpResponse.Header.Get("Content-Type"),
		ErrorCode: httpResponse.Header.Get("X-Error-Code"),
		Body:      body,
	}
}
