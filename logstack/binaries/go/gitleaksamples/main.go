// Command gitleaksamples prints lines with a secret for each of gitleaks' published rules, as JSON on standard output.
//
//	gitleaksamples [-samples N]
//
// A secret is made from its rule's regular expression, with random letters from a fixed seed. It is put into lines of
// several forms, with the rule's name beside it in some, and those lines are printed in which gitleaks itself reports it
// by that rule; if there is none, the text that the regular expression gave. So the tests measure with rules that others
// wrote, and none of their secrets is in a file.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand"
	"os"
	"regexp/syntax"
	"runtime/debug"
	"sort"
	"strings"

	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
)

const (
	gitleaksModule = "github.com/zricethezav/gitleaks/v8"
	// tries is how many secrets are made for one that gitleaks reports: some rules want letters at random enough.
	tries = 300
	// most is how many letters more than its least a repetition gets.
	most = 6
)

type sample struct {
	Rule   string `json:"rule"`
	Form   string `json:"form"`
	Line   string `json:"line"`
	Secret string `json:"secret"`
}

type output struct {
	Samples []sample `json:"samples"`
	// Without are the rules without a regular expression, or for which no secret was made.
	Without []string `json:"without"`
}

func main() {
	count := flag.Int("samples", 3, "secrets of each rule")
	version := flag.Bool("version", false, "print the version of gitleaks")
	flag.Parse()
	if *version {
		fmt.Println(gitleaksModule, gitleaksVersion())
		return
	}
	if err := run(*count, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(count int, out io.Writer) error {
	detector, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		return err
	}
	names := make([]string, 0, len(detector.Config.Rules))
	for name := range detector.Config.Rules {
		names = append(names, name)
	}
	sort.Strings(names)
	result := output{Samples: []sample{}, Without: []string{}}
	for _, name := range names {
		samples, err := samplesOf(detector, detector.Config.Rules[name], count)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(samples) == 0 {
			result.Without = append(result.Without, name)
		}
		result.Samples = append(result.Samples, samples...)
	}
	return json.NewEncoder(out).Encode(result)
}

// samplesOf returns lines in which gitleaks reports a secret by the rule.
func samplesOf(detector *detect.Detector, rule config.Rule, count int) ([]sample, error) {
	if rule.Regex == nil {
		return nil, nil
	}
	seed := fnv.New64()
	seed.Write([]byte(rule.RuleID))
	random := rand.New(rand.NewSource(int64(seed.Sum64())))
	file := "" // some rules read only some files
	if rule.Path != nil {
		var err error
		if file, err = written(rule.Path.String(), random); err != nil {
			return nil, err
		}
	}
	samples, seen := []sample{}, map[string]bool{}
	for try := 0; try < tries*count && len(seen) < count; try++ {
		text, err := written(rule.Regex.String(), random)
		if err != nil {
			return nil, err
		}
		text = withKeyword(text, rule.Keywords)
		secret := reported(detector, rule.RuleID, text, file)
		if secret == "" || seen[secret] {
			continue
		}
		seen[secret] = true
		found := 0
		for _, form := range lines(rule.RuleID, secret) {
			if reported(detector, rule.RuleID, form.Line, "") == form.Secret {
				samples = append(samples, form)
				found++
			}
		}
		if found == 0 {
			samples = append(samples, sample{rule.RuleID, "text", text, secret})
		}
	}
	return samples, nil
}

// lines returns the secret in several forms.
func lines(rule, secret string) []sample {
	name := strings.ReplaceAll(rule, "-", "_")
	quoted := strings.Trim(fmt.Sprintf("%q", secret), `"`)
	return []sample{
		{rule, "bare", fmt.Sprintf("upstream refused %s with 401", secret), secret},
		{rule, "environment", fmt.Sprintf("%s=%s", strings.ToUpper(name), secret), secret},
		{rule, "JSON", fmt.Sprintf(`{"level":"debug","%s":"%s"}`, name, quoted), quoted},
		{rule, "YAML", fmt.Sprintf("%s: %s", rule, secret), secret},
		{rule, "logfmt", fmt.Sprintf("level=debug msg=configured %s=%s user=u-17", name, secret), secret},
	}
}

// reported returns the secret that gitleaks reports by the rule, or an empty text.
func reported(detector *detect.Detector, rule, text, file string) string {
	for _, finding := range detector.Detect(detect.Fragment{Raw: text, FilePath: file}) {
		if finding.RuleID == rule {
			return finding.Secret
		}
	}
	return ""
}

// withKeyword returns the text with one of the words without which gitleaks does not try the rule.
func withKeyword(text string, keywords []string) string {
	for _, keyword := range keywords {
		if strings.Contains(strings.ToLower(text), keyword) {
			return text
		}
	}
	if len(keywords) == 0 {
		return text
	}
	return keywords[0] + " " + text
}

// maker writes a text that a pattern matches.
type maker struct {
	pattern string
	random  *rand.Rand
	text    strings.Builder
}

func written(pattern string, random *rand.Rand) (string, error) {
	expression, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", err
	}
	maker := &maker{pattern: pattern, random: random}
	maker.write(expression)
	return maker.text.String(), nil
}

// write appends a text that the expression matches; assertions such as \b add nothing.
func (maker *maker) write(expression *syntax.Regexp) {
	switch expression.Op {
	case syntax.OpLiteral:
		literal := string(expression.Rune)
		if expression.Flags&syntax.FoldCase != 0 && !strings.Contains(maker.pattern, literal) {
			literal = strings.ToLower(literal) // it is parsed into capitals, which its author did not write
		}
		maker.text.WriteString(literal)
	case syntax.OpCharClass:
		maker.text.WriteRune(oneOf(expression.Rune, maker.random))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		// Where one character may be any, the rule's author mostly means a full stop.
		maker.text.WriteByte('.')
	case syntax.OpCapture, syntax.OpConcat:
		for _, part := range expression.Sub {
			maker.write(part)
		}
	case syntax.OpAlternate:
		maker.write(expression.Sub[maker.random.Intn(len(expression.Sub))])
	case syntax.OpStar:
		maker.repeat(expression.Sub[0], 0, most)
	case syntax.OpPlus:
		maker.repeat(expression.Sub[0], 1, most)
	case syntax.OpQuest:
		maker.repeat(expression.Sub[0], 0, 1)
	case syntax.OpRepeat:
		highest := expression.Min + most
		if expression.Max >= 0 && expression.Max < highest {
			highest = expression.Max
		}
		maker.repeat(expression.Sub[0], expression.Min, highest)
	}
}

func (maker *maker) repeat(part *syntax.Regexp, least, highest int) {
	for times := least + maker.random.Intn(highest-least+1); times > 0; times-- {
		if part.Op == syntax.OpAnyChar || part.Op == syntax.OpAnyCharNotNL {
			maker.text.WriteByte(letters[maker.random.Intn(len(letters))])
		} else {
			maker.write(part)
		}
	}
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// oneOf returns a letter or digit of the class if it has one, else another printable character, else its first one.
func oneOf(ranges []rune, random *rand.Rand) rune {
	plain, printable := []rune{}, []rune{}
	for character := rune(' '); character <= '~'; character++ {
		if !within(ranges, character) {
			continue
		}
		printable = append(printable, character)
		if strings.ContainsRune(letters, character) {
			plain = append(plain, character)
		}
	}
	switch {
	case len(plain) > 0:
		return plain[random.Intn(len(plain))]
	case len(printable) > 0:
		return printable[random.Intn(len(printable))]
	default:
		return ranges[0]
	}
}

func within(ranges []rune, character rune) bool {
	for place := 0; place < len(ranges); place += 2 {
		if ranges[place] <= character && character <= ranges[place+1] {
			return true
		}
	}
	return false
}

func gitleaksVersion() string {
	build, known := debug.ReadBuildInfo()
	if !known {
		return "unknown"
	}
	for _, module := range build.Deps {
		if module.Path == gitleaksModule {
			return module.Version
		}
	}
	return "unknown"
}
