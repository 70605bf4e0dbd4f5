package sshconn

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// mayAsk reports whether a method that prompts has attempts left, and counts
// one. Without a prompt there is an attempt only with what is remembered.
func (l *login) mayAsk(name string) bool {
	if l.cfg.BatchMode || l.asked[name] >= l.cfg.NumberOfPasswordPrompts {
		return false
	}
	if l.ask.silent() && (l.asked[name] > 0 || !l.remembers(name)) {
		l.noPrompt = true
		return false
	}
	l.asked[name]++
	l.answered = true
	return true
}

func (l *login) remembers(name string) bool {
	if name == "password" {
		_, ok := l.secrets.password(l.who)
		return ok
	}
	return l.secrets.hasAnswers(l.who)
}

// askPassword returns an attempt with a password, remembered or asked for.
func (l *login) askPassword() ssh.AuthMethod {
	l.last = "password"
	first := l.asked["password"] == 1
	return ssh.PasswordCallback(func() (string, error) {
		if p, ok := l.secrets.password(l.who); ok && first {
			l.password = p
			return p, nil
		}
		p, err := l.ask.secret(l.ctx, l.who+"'s password: ")
		if err != nil {
			return "", l.unasked(err)
		}
		l.password = p
		return p, nil
	})
}

// keyboardInteractive returns one dialogue in which the server asks and the
// user answers: RFC 4256.
func (l *login) keyboardInteractive() ssh.AuthMethod {
	l.last = "keyboard-interactive"
	fresh := l.asked["keyboard-interactive"] > 1
	return ssh.KeyboardInteractive(func(name, instruction string, questions []string, echos []bool) ([]string, error) {
		head := strings.TrimSpace(strings.Join([]string{name, instruction}, "\n"))
		answers := make([]string, len(questions))
		for i, q := range questions {
			var err error
			if answers[i], err = l.reply(head, q, echos[i], fresh); err != nil {
				return nil, l.unasked(err)
			}
			head = ""
		}
		return answers, nil
	})
}

// reply answers one question, from memory where it was answered before.
func (l *login) reply(head, question string, echo, fresh bool) (string, error) {
	answer, ok := l.secrets.answer(l.who, question)
	if !ok || fresh {
		prompt := fmt.Sprintf("(%s) %s", l.who, question)
		if head != "" {
			prompt = head + "\n" + prompt
		}
		ask := l.ask.secret
		if echo {
			ask = l.ask.line
		}
		var err error
		if answer, err = ask(l.ctx, prompt); err != nil {
			return "", err
		}
	}
	if !echo {
		l.answers[question] = answer
	}
	return answer, nil
}

// unasked notes why a question was not answered.
func (l *login) unasked(err error) error {
	if errors.Is(err, ErrNoPrompt) {
		l.noPrompt = true
		l.last = ""
		for _, m := range []string{"password", "keyboard-interactive"} {
			l.asked[m] = l.cfg.NumberOfPasswordPrompts
		}
	} else {
		l.err = err
	}
	return err
}
