package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// manifest is what matters here of a Kubernetes object.
type manifest struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string // a ConfigMap's
	Spec     struct {          // a CronJob's
		JobTemplate struct {
			Spec struct {
				Template struct {
					Spec struct {
						Containers []container
						Volumes    []volume
					}
				}
			}
		} `yaml:"jobTemplate"`
	}
}

type container struct {
	Args         []string
	VolumeMounts []struct{ Name, MountPath string } `yaml:"volumeMounts"`
}

type volume struct {
	Name                  string
	ConfigMap             struct{ Name string }      `yaml:"configMap"`
	PersistentVolumeClaim struct{ ClaimName string } `yaml:"persistentVolumeClaim"`
}

// readManifests returns the objects of the mirror job by their kinds.
func readManifests(t *testing.T) map[string]manifest {
	t.Helper()
	text, err := os.ReadFile("../../packaging/kubernetes/mirror.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]manifest{}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var m manifest
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[m.Kind] = m
	}
}

// TestMirrorJob checks that the program takes the job's arguments, and that they
// name what the job has.
func TestMirrorJob(t *testing.T) {
	all := readManifests(t)
	config, claim, job := all["ConfigMap"], all["PersistentVolumeClaim"], all["CronJob"]
	pod := job.Spec.JobTemplate.Spec.Template.Spec
	if len(pod.Containers) != 1 {
		t.Fatalf("%d containers", len(pod.Containers))
	}
	c := pod.Containers[0]
	o, err := parse(c.Args)
	if err != nil {
		t.Fatal(err)
	}
	if !o.batch || len(o.command) == 0 || o.command[0] != "lftp" {
		t.Errorf("%+v", o)
	}
	if !strings.Contains(config.Data["ssh_config"], "Host "+o.destination+"\n") {
		t.Errorf("ssh_config has no Host %s", o.destination)
	}
	if _, ok := config.Data[filepath.Base(o.config)]; !ok || config.Data["known_hosts"] == "" {
		t.Errorf("the ConfigMap lacks a file: %q", config.Data)
	}
	mounted := func(path string) bool {
		return slices.ContainsFunc(c.VolumeMounts, func(m struct{ Name, MountPath string }) bool {
			known := slices.ContainsFunc(pod.Volumes, func(v volume) bool { return v.Name == m.Name })
			return known && strings.HasPrefix(path, m.MountPath+"/")
		})
	}
	for _, path := range []string{o.config, o.identity[0], o.transferLog} {
		if !mounted(path) {
			t.Errorf("nothing is mounted where %s is", path)
		}
	}
	for _, v := range pod.Volumes {
		if v.ConfigMap.Name != "" && v.ConfigMap.Name != config.Metadata.Name ||
			v.PersistentVolumeClaim.ClaimName != "" && v.PersistentVolumeClaim.ClaimName != claim.Metadata.Name {
			t.Errorf("the volume %s is not one of the file's", v.Name)
		}
	}
}

// TestUnitArguments checks that the program takes what the units start it with.
func TestUnitArguments(t *testing.T) {
	units, err := filepath.Glob("../../packaging/systemd/*/*.service")
	if err != nil || len(units) != 3 {
		t.Fatalf("%d services, %v", len(units), err)
	}
	for _, name := range units {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		joined := strings.ReplaceAll(string(text), "\\\n", " ")
		m := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/ftptunnel (.*)$`).FindStringSubmatch(joined)
		if m == nil {
			t.Errorf("%s does not start the program", name)
			continue
		}
		line := strings.NewReplacer("$OPTIONS", "", "$TARGET", "", "%i", "files").Replace(m[1])
		o, err := parse(strings.Fields(line))
		if err != nil || !o.batch || o.destination != "files" {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}
