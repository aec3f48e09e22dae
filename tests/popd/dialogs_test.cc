// Runs every tests/dialogs/*.pop3 turn by turn, whole, cut at every position, and octet by octet: the answers
// are the same. The form of a dialog is in dialog.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "tests/popd/dialog.h"

namespace guichet::popd {
namespace {

using Kind = DialogEvent::Kind;

std::vector<std::string> lines_of(std::string_view octets) {
  std::vector<std::string> lines;
  while (!octets.empty()) {
    const std::size_t end = octets.find("\r\n");
    if (end == std::string_view::npos) throw std::runtime_error("the server sent a line without CRLF");
    lines.emplace_back(octets.substr(0, end));
    octets.remove_prefix(end + 2);
  }
  return lines;
}

bool matches(std::string_view line, std::string_view pattern) {
  if (!pattern.ends_with("...")) return line == unescape(pattern);
  return line.starts_with(unescape(pattern.substr(0, pattern.size() - 3)));
}

std::string numbers(const std::vector<std::size_t>& list) {
  std::string out;
  for (const std::size_t each : list)
    out += ' ' + std::to_string(each);
  return out;
}

// What the server is expected to have done after the first `count` events.
struct Expectation {
  std::vector<std::string> patterns;
  std::string deleted;
  bool closed = false;
};

Expectation expected_after(const Dialog& dialog, std::size_t count) {
  Expectation e;
  for (std::size_t i = 0; i < count; ++i) {
    const DialogEvent& event = dialog.events[i];
    if (event.kind == Kind::server) e.patterns.push_back(event.text);
    if (event.kind == Kind::deleted) e.deleted = event.text;
    if (event.kind == Kind::closed) e.closed = true;
  }
  return e;
}

void expect_lines(const std::vector<std::string>& lines, const std::vector<std::string>& patterns) {
  for (std::size_t i = 0; i < std::min(lines.size(), patterns.size()); ++i) {
    EXPECT_TRUE(matches(lines[i], patterns[i])) << "said " << lines[i] << "\nnot  " << patterns[i];
  }
  EXPECT_EQ(lines.size(), patterns.size())
      << (lines.size() > patterns.size() ? "said too: " + lines[patterns.size()]
                                         : "did not say: " + patterns[lines.size()]);
}

void check(const FakeDriver& driver, const Expectation& e) {
  expect_lines(lines_of(driver.sent()), e.patterns);
  EXPECT_EQ(numbers(driver.deleted()), e.deleted);
  EXPECT_EQ(driver.closed(), e.closed);
}

FakeDriver start(const Dialog& dialog) {
  return FakeDriver(dialog.options, dialog.maildrop, dialog.too_many_sessions);
}

// All that the client says between two handshakes.
std::vector<std::string> flights_of(const Dialog& dialog) {
  std::vector<std::string> flights(1);
  for (const DialogEvent& event : dialog.events) {
    if (event.kind == Kind::client) flights.back() += event.text;
    if (event.kind == Kind::handshake) flights.emplace_back();
  }
  return flights;
}

// Says flight number `cut_flight` in pieces of `first` octets, then `rest` at a time; the others whole.
void run_cut(const Dialog& dialog, std::size_t cut_flight, std::size_t first, std::size_t rest) {
  FakeDriver driver = start(dialog);
  const auto flights = flights_of(dialog);
  for (std::size_t i = 0; i < flights.size(); ++i) {
    if (i > 0) {
      ASSERT_TRUE(driver.handshake_due());
      driver.shake_hands();
    }
    std::string_view left = flights[i];
    std::size_t size = i == cut_flight ? first : left.size();
    while (!left.empty()) {
      driver.receive(left.substr(0, size));
      left.remove_prefix(std::min(size, left.size()));
      size = i == cut_flight ? rest : left.size();
    }
  }
  check(driver, expected_after(dialog, dialog.events.size()));
}

std::vector<std::filesystem::path> dialog_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(GUICHET_DIALOGS_DIR)) {
    if (entry.path().extension() == ".pop3") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Pop3Dialog : public testing::TestWithParam<std::filesystem::path> {
 protected:
  const Dialog dialog_ = read_dialog(GetParam());
};

TEST_P(Pop3Dialog, TurnByTurn) {
  FakeDriver driver = start(dialog_);
  for (std::size_t i = 0; i < dialog_.events.size(); ++i) {
    const DialogEvent& event = dialog_.events[i];
    SCOPED_TRACE(GetParam().filename().string() + ":" + std::to_string(event.line));
    const bool speaks = event.kind == Kind::client || event.kind == Kind::handshake;
    if (!speaks) continue;
    check(driver, expected_after(dialog_, i));
    if (event.kind == Kind::client) driver.receive(event.text);
    if (event.kind == Kind::handshake) {
      ASSERT_TRUE(driver.handshake_due());
      driver.shake_hands();
    }
    if (HasFailure()) return;
  }
  check(driver, expected_after(dialog_, dialog_.events.size()));
}

TEST_P(Pop3Dialog, Whole) {
  const std::size_t none = flights_of(dialog_).size();
  if (dialog_.cuts) run_cut(dialog_, none, 0, 0);
}

TEST_P(Pop3Dialog, CutAtEveryPosition) {
  if (!dialog_.cuts) return;
  const auto flights = flights_of(dialog_);
  for (std::size_t flight = 0; flight < flights.size(); ++flight) {
    for (std::size_t at = 1; at < flights[flight].size() && !HasFailure(); ++at) {
      SCOPED_TRACE("cut at " + std::to_string(at) + " of flight " + std::to_string(flight));
      run_cut(dialog_, flight, at, flights[flight].size());
    }
  }
}

TEST_P(Pop3Dialog, OctetByOctet) {
  if (!dialog_.cuts) return;
  for (std::size_t flight = 0; flight < flights_of(dialog_).size(); ++flight)
    run_cut(dialog_, flight, 1, 1);
}

INSTANTIATE_TEST_SUITE_P(All, Pop3Dialog, testing::ValuesIn(dialog_files()),
                         [](const auto& test) { return test.param.stem().string(); });

}  // namespace
}  // namespace guichet::popd
