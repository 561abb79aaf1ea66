// A client of the benchmark: the official Go SDK with digest authentication,
// unmodified. It reads a job from standard input and prints a sample, both in JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.mongodb.org/atlas-sdk/v20250312006/admin"
)

type job struct {
	Updates     int64  `json:"updates"`
	Concurrency int    `json:"concurrency"`
	BaseURL     string `json:"base_url"`
	Body        string `json:"body"`
	OrgID       string `json:"org_id"`
	APIKeyID    string `json:"api_key_id"`
	PublicKey   string `json:"public_key"`
	PrivateKey  string `json:"private_key"`
}

type sample struct {
	Seconds    float64 `json:"seconds"`
	P50        float64 `json:"p50"`
	CPUSeconds float64 `json:"cpu_seconds"`
	Failures   int64   `json:"failures"`
}

func main() {
	var job job
	if err := json.NewDecoder(os.Stdin).Decode(&job); err != nil {
		log.Fatal(err)
	}
	client, err := admin.NewClient(
		admin.UseDigestAuth(job.PublicKey, job.PrivateKey),
		admin.UseBaseURL(job.BaseURL),
	)
	if err != nil {
		log.Fatal(err)
	}

	var next, failures atomic.Int64
	times := make([][]float64, job.Concurrency)
	var tasks sync.WaitGroup
	cpu := cpuSeconds()
	start := time.Now()
	for task := range job.Concurrency {
		tasks.Go(func() {
			for next.Add(1) <= job.Updates {
				start := time.Now()
				if err := update(client, &job); err != nil && failures.Add(1) == 1 {
					fmt.Fprintln(os.Stderr, "  first failure:", err)
				}
				times[task] = append(times[task], time.Since(start).Seconds())
			}
		})
	}
	tasks.Wait()
	result := sample{
		Seconds:    time.Since(start).Seconds(),
		CPUSeconds: cpuSeconds() - cpu,
		Failures:   failures.Load(),
	}
	all := slices.Concat(times...)
	slices.Sort(all)
	result.P50 = all[len(all)/2]
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

func update(client *admin.APIClient, job *job) error {
	var body admin.UpdateAtlasOrganizationApiKey
	if err := json.Unmarshal([]byte(job.Body), &body); err != nil {
		return err
	}
	_, _, err := client.ProgrammaticAPIKeysApi.
		UpdateApiKey(context.Background(), job.OrgID, job.APIKeyID, &body).
		Execute()
	return err
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	user, system := time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano())
	return (user + system).Seconds()
}
