// Package sbom pins the program that lists what a release is made of.
package sbom
