package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"

	"github.com/mongodb-forks/digest"
	"go.mongodb.org/atlas/mongodbatlas"
)

func v1(job *job) func(*update) response {
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
	ctx := context.Background()
	return func(update *update) response {
		if update.Operation == "org" {
			var body mongodbatlas.APIKeyInput
			decode(update.Body, &body)
			key, httpResponse, err := client.APIKeys.Update(ctx, update.ScopeID, update.KeyID, &body)
			return v1Result(key, httpResponse, err)
		}
		var body mongodbatlas.AssignAPIKey
		decode(update.Body, &body)
		httpResponse, err := client.ProjectAPIKeys.Assign(ctx, update.ScopeID, update.KeyID, &body)
		// The client reads no key from this response.
		return v1Result(nil, httpResponse, err)
	}
}

// v1Result returns what a user of the client learns about an update.
func v1Result(key *mongodbatlas.APIKey, httpResponse *mongodbatlas.Response, err error) response {
	var body any = key
	var rejected *mongodbatlas.ErrorResponse
	if errors.As(err, &rejected) {
		body = map[string]string{"errorCode": rejected.ErrorCode}
	} else if err != nil {
		log.Fatal(err)
	} else if key == nil {
		body = json.RawMessage(httpResponse.Raw)
	}
	return response{
		Status:    httpResponse.StatusCode,
		MediaType: httpResponse.Header.Get("Content-Type"),
		ErrorCode: httpResponse.Header.Get("X-Error-Code"),
		Body:      body,
	}
}
