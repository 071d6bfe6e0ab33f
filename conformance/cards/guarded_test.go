package cards

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/opensqt/connector/conformance/engine"
)

const (
	guarded = "guarded" // the connector with keys and TLS
	// The certificate's only name: an address alone doesn't reach it, ServerName has to be given.
	guardedName = "connector.test"
)

// Make a key and a certificate; give what a connector is told of them, and what its clients show.
func guard(program, folder string) ([]string, engine.Config, error) {
	keys := filepath.Join(folder, "keys.toml")
	made, err := exec.Command(program, "keys", "new", "engine", "--role", "trade", "--file", keys).Output()
	if err != nil {
		return nil, engine.Config{}, fmt.Errorf("connector keys new: %w", err)
	}
	cert, key, authority, err := certificate(folder)
	if err != nil {
		return nil, engine.Config{}, err
	}
	return []string{
			"CONNECTOR_SERVER__KEYS_FILE=" + keys,
			"CONNECTOR_SERVER__TLS__CERT=" + cert,
			"CONNECTOR_SERVER__TLS__KEY=" + key,
		}, engine.Config{
			APIKey: strings.TrimSpace(string(made)),
			TLS:    &tls.Config{RootCAs: authority, ServerName: guardedName},
		}, nil
}

// A certificate that signs itself, valid for an hour.
func certificate(folder string) (cert, key string, authority *x509.CertPool, err error) {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", nil, err
	}
	text := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: guardedName},
		DNSNames:  []string{guardedName},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, text, text, &secret.PublicKey, secret)
	if err != nil {
		return "", "", nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		return "", "", nil, err
	}
	cert, key = filepath.Join(folder, "server.crt"), filepath.Join(folder, "server.key")
	shown := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	kept := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
	authority = x509.NewCertPool()
	if !authority.AppendCertsFromPEM(shown) {
		return "", "", nil, errors.New("the certificate just made can't be read")
	}
	return cert, key, authority, errors.Join(os.WriteFile(cert, shown, 0o600), os.WriteFile(key, kept, 0o600))
}

// ENGINE_KEY is the client's key; ENGINE_TLS_CA a file with the server's certificate, or "system",
// ENGINE_TLS_NAME the name in it if that isn't the address's: what a connector at ADDRESS asks for.
func guardAtAddress() (engine.Config, error) {
	config := engine.Config{APIKey: os.Getenv("ENGINE_KEY")}
	authority := os.Getenv("ENGINE_TLS_CA")
	if authority == "" {
		return config, nil
	}
	config.TLS = &tls.Config{ServerName: os.Getenv("ENGINE_TLS_NAME")}
	if authority == "system" {
		return config, nil
	}
	text, err := os.ReadFile(authority)
	if err != nil {
		return config, err
	}
	config.TLS.RootCAs = x509.NewCertPool()
	if !config.TLS.RootCAs.AppendCertsFromPEM(text) {
		return config, errors.New(authority + " holds no certificate")
	}
	return config, nil
}

func (t *T) needKeys() {
	t.Helper()
	if t.on.shows.APIKey == "" {
		t.skipf("the connector asks for no keys: ENGINE_KEY isn't set")
	}
}

func (t *T) needTLS() {
	t.Helper()
	if t.on.shows.TLS == nil {
		t.skipf("the connector has no TLS: ENGINE_TLS_CA isn't set")
	}
}

func (t *T) needNoKeys() {
	t.Helper()
	if t.on.shows.APIKey != "" {
		t.skipf("the connector asks for keys: ENGINE_KEY is set")
	}
}
