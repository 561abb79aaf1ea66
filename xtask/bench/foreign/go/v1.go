package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"

	"github.com/mongodb-forks/digest"
	"go.mongodb.org/atlas/mongodbatlas"
)

func v1(job *job) func(*update) answer {
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
	return func(update *update) answer {
		if update.Operation == "org" {
			var body mongodbatlas.APIKeyInput
			decode(update.Body, &body)
			key, response, err := client.APIKeys.Update(ctx, update.ScopeID, update.KeyID, &body)
			return known(key, response, err)
		}
		var body mongodbatlas.AssignAPIKey
		decode(update.Body, &body)
		response, err := client.ProjectAPIKeys.Assign(ctx, update.ScopeID, update.KeyID, &body)
		// It reads no key from this answer.
		return known(nil, response, err)
	}
}

// known is what a user of the client can know of an update.
func known(key *mongodbatlas.APIKey, response *mongodbatlas.Response, err error) answer {
	var body any = key
	var refused *mongodbatlas.ErrorResponse
	if errors.As(err, &refused) {
		body = map[string]string{"errorCode": refused.ErrorCode}
	} else if err != nil {
		log.Fatal(err)
	} else if key == nil {
		body = json.RawMessage(response.Raw)
	}
	return answer{
		Status:    response.StatusCode,
		MediaType: response.Header.Get("Content-Type"),
		ErrorCode: response.Header.Get("X-Error-Code"),
		Body:      body,
	}
}
