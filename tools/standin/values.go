package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// kind is how the text of one flag is checked.
type kind struct {
	check func(string) error
	// isBool flags may stand without a value.
	isBool bool
	// isList flags may be given several times, or with items joined by commas.
	isList bool
}

// retentions are the flags of type "value" that hold a retention; the others of that type hold a secret.
var retentions = map[string]bool{
	"retentionPeriod": true, "futureRetention": true, "maxBackfillAge": true, "snapshotsMaxAge": true,
}

var kinds = map[string]kind{
	"bool":     {check: checkBool, isBool: true},
	"int":      {check: checkInt},
	"uint":     {check: func(s string) error { _, err := strconv.ParseUint(s, 0, strconv.IntSize); return plain(err) }},
	"float":    {check: func(s string) error { _, err := strconv.ParseFloat(s, 64); return plain(err) }},
	"duration": {check: func(s string) error { _, err := time.ParseDuration(s); return err }},
	"size":     {check: checkSize},
	"string":   {check: anything},
	"value":    {check: anything},
	"array":    {check: anything, isList: true},
}

func anything(string) error { return nil }

func kindOf(name, word string, role Role) kind {
	k, ok := kinds[word]
	switch {
	case !ok:
		panic(fmt.Sprintf("flag %s has the unknown type %q", name, word))
	case name == "tls" || strings.HasSuffix(name, ".useProxyProtocol") && word == "array":
		return kind{check: checkOptionalBool, isBool: true, isList: true}
	case name == "replicationFactor" && role.name == "vmselect":
		return kind{check: checkGroupedInt, isList: true}
	case retentions[name]:
		return kind{check: func(s string) error { _, err := retention(s); return err }}
	}
	return k
}

// value is one flag; it fits flag.Value.
type value struct {
	kind  kind
	items []string
}

func (v *value) String() string   { return strings.Join(v.items, ",") }
func (v *value) IsBoolFlag() bool { return v.kind.isBool }

func (v *value) Set(text string) error {
	if !v.kind.isList {
		v.items = []string{text}
		return v.kind.check(text)
	}
	for _, item := range splitItems(text) {
		if err := v.kind.check(item); err != nil {
			return err
		}
		v.items = append(v.items, item)
	}
	return nil
}

// splitItems cuts at commas outside of quotes and brackets, and takes the quotes off.
func splitItems(text string) (items []string) {
	const open, shut = "([{", ")]}"
	var quote rune
	depth, start := 0, 0
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case strings.ContainsRune(open, c):
			depth++
		case strings.ContainsRune(shut, c):
			depth--
		case c == ',' && depth == 0:
			items = append(items, unquoted(text[start:i]))
			start = i + 1
		}
	}
	return append(items, unquoted(text[start:]))
}

func unquoted(item string) string {
	if len(item) > 1 && item[0] == '\'' && item[len(item)-1] == '\'' {
		return item[1 : len(item)-1]
	}
	if text, err := strconv.Unquote(item); err == nil && item[0] == '"' {
		return text
	}
	return item
}

func parseBool(text string) (bool, error) {
	truth, err := strconv.ParseBool(text)
	if err != nil {
		return false, errors.New("want true or false")
	}
	return truth, nil
}

func checkBool(text string) error { _, err := parseBool(text); return err }

func checkOptionalBool(text string) error {
	if text == "" {
		return nil
	}
	return checkBool(text)
}

func checkInt(text string) error {
	_, err := strconv.ParseInt(text, 0, strconv.IntSize)
	return plain(err)
}

// checkGroupedInt takes a number, or group:number.
func checkGroupedInt(text string) error {
	_, number, found := strings.Cut(text, ":")
	if !found {
		number = text
	}
	_, err := strconv.Atoi(number)
	return plain(err)
}

var sizeSuffix = regexp.MustCompile(`(?i)[KMGT]i?B$`)

func checkSize(text string) error {
	if text == "" {
		return nil
	}
	if _, err := strconv.ParseFloat(sizeSuffix.ReplaceAllString(text, ""), 64); err != nil {
		return errors.New("want a number of bytes, alone or with KB, MB, GB, TB, KiB, MiB, GiB or TiB")
	}
	return nil
}

const (
	day            = 24 * time.Hour
	month          = 31 * day
	maxRetention   = 100 * 12 * month
	retentionWords = "want months as a number (4, 0.5M), or h, d, w, y with a number (12h, 30d, 2w, 1y)"
)

var (
	retentionPart  = regexp.MustCompile(`([0-9]*\.?[0-9]+)(ms|s|m|h|d|w|y)`)
	retentionWhole = regexp.MustCompile(`^(` + retentionPart.String() + `)+$`)
	retentionUnits = map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": day, "w": 7 * day, "y": 365 * day,
	}
)

// retention returns how long a text such as 4, 1M, 30d or 1y is.
func retention(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	total := 0.0
	if months, err := strconv.ParseFloat(strings.TrimSuffix(text, "M"), 64); err == nil {
		total = months * float64(month)
	} else if lower := strings.ToLower(text); retentionWhole.MatchString(lower) && !strings.HasSuffix(lower, "m") {
		for _, part := range retentionPart.FindAllStringSubmatch(lower, -1) {
			number, _ := strconv.ParseFloat(part[1], 64)
			total += number * float64(retentionUnits[part[2]])
		}
	} else {
		return 0, errors.New(retentionWords)
	}
	if total < 0 || total > float64(maxRetention) || math.IsNaN(total) {
		return 0, errors.New("want between 0 and 100 years")
	}
	return time.Duration(total), nil
}

// plain drops the name of the Go function and the text, which the message already holds, from a number's error.
func plain(err error) error {
	var number *strconv.NumError
	if errors.As(err, &number) {
		return number.Err
	}
	return err
}
