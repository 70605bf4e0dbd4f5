// Check reads Kubernetes manifests as the types that they are of, and refuses
// what those do not have: check FILE...
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

func main() {
	status := 0
	for _, name := range os.Args[1:] {
		if err := check(name); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			status = 1
		}
	}
	os.Exit(status)
}

// check reads every document of a file.
func check(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := checkDocument(document); err != nil {
			return err
		}
	}
}

// checkDocument reads one document.
func checkDocument(text []byte) error {
	var kind metav1.TypeMeta
	if err := strict.Unmarshal(text, &kind); err != nil {
		return err
	}
	var into any
	switch kind.APIVersion + " " + kind.Kind {
	case "v1 ConfigMap":
		into = new(corev1.ConfigMap)
	case "v1 PersistentVolumeClaim":
		into = new(corev1.PersistentVolumeClaim)
	case "batch/v1 CronJob":
		into = new(batchv1.CronJob)
	default:
		return fmt.Errorf("no type for %s %s", kind.APIVersion, kind.Kind)
	}
	if err := strict.UnmarshalStrict(text, into); err != nil {
		return fmt.Errorf("%s: %w", kind.Kind, err)
	}
	fmt.Println("ok", kind.APIVersion, kind.Kind)
	return nil
}
