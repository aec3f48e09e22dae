#include "tests/popd/dialog.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace guichet::popd {
namespace {

const std::vector<std::string> kMessages = {
    "Subject: one\r\n\r\nfirst line\r\n.\r\n..two dots\r\nlast\r\n",
    "Subject: no body\r\nTo: foi@example.test\r\n",
    "Subject: three\r\n\r\nbody\r\n",
};

// "\{3*ab}": `at` stands after the brace, and is moved past the closing one.
std::string repeated(std::string_view text, std::size_t& at) {
  const std::size_t star = text.find('*', at);
  const std::size_t end = text.find('}', star);
  if (end == std::string_view::npos) throw std::runtime_error("\\{ without * or }");
  const auto times = std::stoul(std::string(text.substr(at, star - at)));
  const std::string once = unescape(text.substr(star + 1, end - star - 1));
  std::string out;
  for (std::size_t i = 0; i < times; ++i)
    out += once;
  at = end + 1;
  return out;
}

std::string one_escape(std::string_view text, std::size_t& at) {
  switch (const char c = text.at(at++); c) {
    case 'r':
      return "\r";
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case '0':
      return std::string(1, '\0');
    case '\\':
      return "\\";
    case '{':
      return repeated(text, at);
    case 'x':
      at += 2;
      return {static_cast<char>(std::stoi(std::string(text.substr(at - 2, 2)), nullptr, 16))};
    default:
      throw std::runtime_error(std::string("unknown escape \\") + c);
  }
}

void set_option(Dialog& dialog, const std::string& word) {
  if (word == "stls") {
    dialog.options.stls = true;
  } else if (word == "no-plaintext") {
    dialog.options.plaintext_login = false;
  } else if (word == "tls") {
    dialog.options.tls = true;
  } else if (word == "too-many-sessions") {
    dialog.too_many_sessions = true;
  } else {
    throw std::runtime_error("unknown option " + word);
  }
}

// Lines about the circumstances. False when the line is not one of them.
bool read_setting(Dialog& dialog, const std::string& key, const std::string& value) {
  if (key == "OPTIONS:") {
    std::istringstream words(value);
    for (std::string word; words >> word;)
      set_option(dialog, word);
  } else if (key == "MESSAGE:") {
    dialog.maildrop.messages.push_back(unescape(value));
  } else if (key == "COMMIT:") {
    dialog.maildrop.commit_durable = value != "fails";
  } else if (key == "CUTS:") {
    dialog.cuts = value != "none";
  } else {
    return false;
  }
  return true;
}

DialogEvent read_event(const std::string& key, const std::string& value, int line) {
  using Kind = DialogEvent::Kind;
  if (key == "C:") return {Kind::client, value + "\r\n", line};
  if (key == "C=") return {Kind::client, unescape(value), line};
  if (key == "S:") return {Kind::server, value, line};
  if (key == "TLS") return {Kind::handshake, {}, line};
  if (key == "DELETED:") return {Kind::deleted, value.empty() ? value : ' ' + value, line};
  if (key == "CLOSED") return {Kind::closed, {}, line};
  throw std::runtime_error("unknown line " + key);
}

void read_line(Dialog& dialog, const std::string& text, int line) {
  if (text.empty() || text.starts_with('#')) return;
  const std::size_t space = std::min(text.find(' '), text.size());
  const std::string key = text.substr(0, space);
  const std::string value = text.substr(std::min(space + 1, text.size()));
  if (!read_setting(dialog, key, value)) dialog.events.push_back(read_event(key, value, line));
}

}  // namespace

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c == '\\') {
      out += one_escape(text, at);
    } else {
      out += c;
    }
  }
  return out;
}

Dialog read_dialog(const std::filesystem::path& file) {
  Dialog dialog;
  std::ifstream in(file);
  std::string text;
  for (int line = 1; std::getline(in, text); ++line) {
    try {
      read_line(dialog, text, line);
    } catch (const std::exception& e) {
      throw std::runtime_error(file.filename().string() + ":" + std::to_string(line) + ": " + e.what());
    }
  }
  if (dialog.maildrop.messages.empty()) dialog.maildrop.messages = kMessages;
  return dialog;
}

}  // namespace guichet::popd
