// The official Go clients with the emulator, unmodified: the SDK for Atlas v2 and
// its predecessor for Atlas v1.0. The argument names one of them. The program reads
// a job from standard input and prints a response for each request, both in JSON.
package main

import (
	"encoding/json"
	"log"
	"os"
	"time"
)

type job struct {
	BaseURL  string    `json:"base_url"`
	Auth     auth      `json:"auth"`
	Pause    float64   `json:"pause"`
	Requests []request `json:"requests"`
}

type auth struct {
	Digest *struct {
		PublicKey  string `json:"public_key"`
		PrivateKey string `json:"private_key"`
	} `json:"digest"`
	ServiceAccount *struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	} `json:"service_account"`
}

type request struct {
	Operation string `json:"operation"`
	ScopeID   string `json:"scope_id"`
	KeyID     string `json:"key_id"`
	Entry     string `json:"entry"`
	Body      string `json:"body"`
}

type response struct {
	Status    int    `json:"status"`
	MediaType string `json:"media_type"`
	ErrorCode string `json:"error_code,omitempty"`
	Body      any    `json:"body"`
}

func main() {
	clients := map[string]func(*job) func(*request) response{"v2": v2, "v1": v1}
	var job job
	if err := json.NewDecoder(os.Stdin).Decode(&job); err != nil {
		log.Fatal(err)
	}
	send := clients[os.Args[1]](&job)
	responses := []response{}
	for index, request := range job.Requests {
		if index > 0 {
			time.Sleep(time.Duration(job.Pause * float64(time.Second)))
		}
		responses = append(responses, send(&request))
	}
	if err := json.NewEncoder(os.Stdout).Encode(responses); err != nil {
		log.Fatal(err)
	}
}

func decode(text string, body any) {
	if err := json.Unmarshal([]byte(text), body); err != nil {
		log.Fatal(err)
	}
}
