#include "tests/smtpd/dialog.h"

#include <fstream>
#include <map>
#include <stdexcept>

#include "tests/smtpd/fake_driver.h"

namespace guichet::smtpd::test {

namespace {

using Kind = Statement::Kind;

// --- Reading ---------------------------------------------------------------------------------------------

std::string unescaped(std::string_view text);

// N*text} after \{ ; what was used is taken off the text.
std::string repeated(std::string_view& text) {
  const auto close = text.find('}');
  const auto star = text.find('*');
  if (close == std::string_view::npos || star > close) throw std::runtime_error("\\{N*text} is not complete");
  const auto count = std::stoul(std::string(text.substr(0, star)));
  const auto part = unescaped(text.substr(star + 1, close - star - 1));
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += part;
  text.remove_prefix(close + 1);
  return out;
}

char hex_octet(std::string_view& text) {
  const auto value = std::stoul(std::string(text.substr(0, 2)), nullptr, 16);
  text.remove_prefix(2);
  return static_cast<char>(value);
}

std::string unescaped(std::string_view text) {
  const std::map<char, char> simple{{'r', '\r'}, {'n', '\n'}, {'t', '\t'}, {'\\', '\\'}};
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    const char name = text.empty() ? ' ' : text.front();
    text.remove_prefix(text.empty() ? 0 : 1);
    if (name == '{') {
      out += repeated(text);
    } else if (name == 'x') {
      out += hex_octet(text);
    } else {
      out += simple.at(name);
    }
  }
  return out;
}

void set_option(SessionOptions& options, std::string_view text) {
  const auto name = first_word(text);
  const auto value = std::string(skip_blanks(text.substr(name.size())));
  auto& limits = options.limits;
  if (name == "starttls") {
    options.starttls = value == "yes";
  } else if (name == "soft_refuse") {
    options.soft_refuse = value == "yes";
  } else if (name == "xclient") {
    options.privileges.xclient = value == "yes";
  } else if (name == "trusted_upstream") {
    options.privileges.trusted_upstream = value == "yes";
  } else if (name == "trusted_message_octets_max") {
    limits.trusted_message_octets_max = std::stoul(value);
  } else if (name == "chunking") {
    options.chunking = value == "yes";
  } else if (name == "line_endings") {
    options.line_endings = value == "strict" ? LineEndings::kStrict : LineEndings::kKeep;
  } else if (name == "command_octets_max") {
    limits.command_octets_max = std::stoul(value);
  } else if (name == "command_flood_octets_max") {
    limits.command_flood_octets_max = std::stoul(value);
  } else if (name == "recipients_max") {
    limits.recipients_max = std::stoul(value);
  } else if (name == "message_octets_max") {
    limits.message_octets_max = std::stoul(value);
  } else if (name == "errors_max") {
    limits.errors_max = static_cast<unsigned>(std::stoul(value));
  } else if (name == "overshoot_max") {
    limits.overshoot_max = static_cast<unsigned>(std::stoul(value));
  } else if (name == "idle_commands_max") {
    limits.idle_commands_max = static_cast<unsigned>(std::stoul(value));
  } else {
    throw std::runtime_error("no such option");
  }
}

// `word` and one blank, or `word` alone, at the start of the line.
std::optional<std::string> after(const std::string& line, std::string_view word) {
  if (line == word) return "";
  if (line.starts_with(std::string(word) + ' ')) return line.substr(word.size() + 1);
  return std::nullopt;
}

void read_line(Dialog& dialog, const std::string& line, std::size_t number) {
  const auto add = [&](Kind kind, std::string text) {
    dialog.statements.push_back({kind, std::move(text), number});
  };
  if (line.empty() || line.starts_with('#')) return;
  if (const auto text = after(line, "C:")) return add(Kind::kClient, *text + "\r\n");
  if (const auto text = after(line, "C=")) return add(Kind::kClient, unescaped(*text));
  if (const auto text = after(line, "S:")) return add(Kind::kServer, *text);
  if (const auto text = after(line, "BODY:")) return add(Kind::kBody, unescaped(*text));
  if (const auto text = after(line, "STORED:")) return add(Kind::kStored, *text);
  if (const auto text = after(line, "SET:")) return set_option(dialog.options, *text);
  if (line == "TLS") return add(Kind::kTls, "");
  if (line == "CLOSED") return add(Kind::kClosed, "");
  if (line != "FRAMING: whole") throw std::runtime_error("not understood");
  dialog.whole_only = true;
}

// --- Playing ---------------------------------------------------------------------------------------------

class Player {
 public:
  Player(const Dialog& dialog, Framing framing)
      : dialog_(dialog), framing_(framing), driver_(dialog.options) {}

  std::optional<std::string> play() {
    driver_.greet();
    std::string together;
    for (const auto& statement : dialog_.statements) {
      if (statement.kind == Kind::kClient) {
        if (auto unexpected = nothing_left(statement)) return unexpected;
        together += statement.text;
        continue;
      }
      send(std::exchange(together, {}));
      if (auto failure = meets(statement)) return "line " + std::to_string(statement.line) + ": " + *failure;
    }
    send(together);
    const bool closed = !dialog_.statements.empty() && dialog_.statements.back().kind == Kind::kClosed;
    if (driver_.closed != closed)
      return "at the end the session is " + std::string(closed ? "open" : "closed");
    return nothing_left({});
  }

 private:
  void send(std::string_view octets) {
    while (!octets.empty()) {
      std::size_t count = framing_.octet_by_octet ? 1 : octets.size();
      if (framing_.cut > sent_) count = std::min(count, framing_.cut - sent_);
      driver_.feed(octets.substr(0, count));
      octets.remove_prefix(count);
      sent_ += count;
    }
  }

  std::optional<std::string> nothing_left(const Statement& before) {
    if (read_ == driver_.output.size()) return std::nullopt;
    return "before line " + std::to_string(before.line) + " (0: at the end) unexpected: " + next_line();
  }

  std::string next_line() {
    const auto end = driver_.output.find("\r\n", read_);
    if (end == std::string::npos) return "(nothing)";
    auto line = driver_.output.substr(read_, end - read_);
    read_ = end + 2;
    return line;
  }

  std::optional<std::string> meets(const Statement& expected) {
    switch (expected.kind) {
      case Kind::kClient:
        return std::nullopt;
      case Kind::kServer:
        return meets_reply(expected.text);
      case Kind::kTls:
        if (!driver_.handshake_wanted) return "no handshake is waited for";
        driver_.finish_handshake();
        return std::nullopt;
      case Kind::kBody:
        if (bodies_ == driver_.filed.size()) return "no further message was filed";
        if (driver_.filed[bodies_].body != expected.text) return "filed: " + driver_.filed[bodies_].body;
        ++bodies_;
        return std::nullopt;
      case Kind::kStored:
        if (std::to_string(driver_.filed.size()) == expected.text) return std::nullopt;
        return std::to_string(driver_.filed.size()) + " messages were filed";
      case Kind::kClosed:
        return driver_.closed ? nothing_left(expected) : "the session is open";
    }
    return std::nullopt;
  }

  std::optional<std::string> meets_reply(std::string_view expected) {
    const auto line = next_line();
    const bool any_end = expected.ends_with("...");
    if (any_end) expected.remove_suffix(3);
    const bool equal = any_end ? line.starts_with(expected) : line == expected;
    if (equal) return std::nullopt;
    return "the server says " + line;
  }

  const Dialog& dialog_;
  Framing framing_;
  FakeDriver driver_;
  std::size_t sent_ = 0;    // octets of the client
  std::size_t read_ = 0;    // of driver_.output
  std::size_t bodies_ = 0;  // of driver_.filed
};

}  // namespace

std::size_t Dialog::client_octets() const {
  std::size_t sum = 0;
  for (const auto& statement : statements) {
    if (statement.kind == Kind::kClient) sum += statement.text.size();
  }
  return sum;
}

Dialog read_dialog(const std::filesystem::path& file) {
  Dialog dialog{options(), false, {}};
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    try {
      read_line(dialog, line, number);
    } catch (const std::exception& error) {
      throw std::runtime_error(file.filename().string() + ":" + std::to_string(number) + ": " + error.what());
    }
  }
  return dialog;
}

std::optional<std::string> play(const Dialog& dialog, Framing framing) {
  return Player(dialog, framing).play();
}

}  // namespace guichet::smtpd::test
