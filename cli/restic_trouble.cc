#include "cli/restic_trouble.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace guichet::cli {
namespace {

struct Sign {
  std::string_view words;  // in lower case
  Trouble trouble;
};

// In this order: a message often holds several, the more telling one first. "Is there a repository" comes
// last of those about opening, since restic 0.14 adds it to whatever kept it from reading the configuration.
constexpr std::array<Sign, 48> signs{{
    {"wrong password or no key found", Trouble::password},
    {"config file already exists", Trouble::exists},
    {"already initialized", Trouble::exists},
    {"x509:", Trouble::certificate},
    {"certificate has expired", Trouble::certificate},
    {"already locked", Trouble::locked},
    {"no space left on device", Trouble::full},
    {"disk quota exceeded", Trouble::full},
    {"quotaexceeded", Trouble::full},
    {"quota exceeded", Trouble::full},
    {"over quota", Trouble::full},
    {"storage full", Trouble::full},
    {"storagefull", Trouble::full},
    {"insufficient storage", Trouble::full},
    {"insufficient space", Trouble::full},
    {"entitytoolarge", Trouble::full},
    {"request entity too large", Trouble::full},
    {"http response 413", Trouble::full},
    {"(413)", Trouble::full},
    {"http response 507", Trouble::full},
    {"(507)", Trouble::full},
    {"access denied", Trouble::credentials},
    {"accessdenied", Trouble::credentials},
    {"invalidaccesskeyid", Trouble::credentials},
    {"access key id you provided", Trouble::credentials},
    {"signature we calculated", Trouble::credentials},
    {"unauthorized", Trouble::credentials},
    {"(401)", Trouble::credentials},
    {"forbidden", Trouble::credentials},
    {"(403)", Trouble::credentials},
    {"no credentials found", Trouble::credentials},
    {"permission denied", Trouble::credentials},
    {"connection refused", Trouble::unreachable},
    {"no such host", Trouble::unreachable},
    {"server misbehaving", Trouble::unreachable},
    {"network is unreachable", Trouble::unreachable},
    {"no route to host", Trouble::unreachable},
    {"connection reset", Trouble::unreachable},
    {"i/o timeout", Trouble::unreachable},
    {"timeout exceeded", Trouble::unreachable},
    {"tls handshake timeout", Trouble::unreachable},
    {"deadline exceeded", Trouble::unreachable},
    {"dial tcp", Trouble::unreachable},
    {"service unavailable", Trouble::unreachable},
    {"bad gateway", Trouble::unreachable},
    {"unable to open config file", Trouble::no_repository},
    {"is there a repository at the following location", Trouble::no_repository},
    {"repository contains errors", Trouble::damaged},
}};

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string without_fatal(const std::string& line) {
  constexpr std::string_view fatal = "Fatal: ";
  return line.starts_with(fatal) ? line.substr(fatal.size()) : line;
}

// What restic ends with is the last resort: lines after "Fatal: …" are advice.
std::string last_words(const std::vector<std::string>& said) {
  for (auto line = said.rbegin(); line != said.rend(); ++line)
    if (line->starts_with("Fatal: ")) return *line;
  for (auto line = said.rbegin(); line != said.rend(); ++line)
    if (!line->empty()) return *line;
  return "it said nothing";
}

struct Told {
  Trouble trouble = Trouble::other;
  std::string line;  // that tells it
};

Told told_by(const std::vector<std::string>& said) {
  for (const auto& sign : signs)
    for (auto line = said.rbegin(); line != said.rend(); ++line)
      if (lower_case(*line).find(sign.words) != std::string::npos)
        return {sign.trouble, without_fatal(*line)};
  return {Trouble::other, without_fatal(last_words(said))};
}

// "lock was created at 2026-11-23 01:54:26 (31m2.3s ago)": restic calls a lock stale after half an hour.
bool lock_is_stale(const std::vector<std::string>& said) {
  for (const auto& line : said) {
    const auto end = line.find(" ago)");
    const auto begin = line.rfind('(', end);
    if (end == std::string::npos || begin == std::string::npos) continue;
    const auto age = line.substr(begin + 1, end - begin - 1);
    if (age.find('h') != std::string::npos) return true;
    const auto minutes = age.find('m');
    if (minutes != std::string::npos && age.compare(minutes, 2, "ms") != 0 && std::atoi(age.c_str()) >= 30)
      return true;
  }
  return false;
}

std::string advice(Trouble trouble, const ResticCall& call, const std::vector<std::string>& said) {
  switch (trouble) {
    case Trouble::missing:
      return "; install it (apt-get install restic) or say where it is in backup.restic";
    case Trouble::environment:
      return "; see backup.envdir";
    case Trouble::unreachable:
      return "; see whether the network and the store are up, it is tried again";
    case Trouble::certificate:
      return "; have it renewed, see the clock of this machine, or name the authority in backup.cacert_file";
    case Trouble::credentials:
      return "; see the keys in " + call.envdir;
    case Trouble::password:
      return "; put the repository's own into " + call.envdir + "/RESTIC_PASSWORD";
    case Trouble::no_repository:
      return "; if backup.repository is right, make it with: guichet backup init";
    case Trouble::full:
      return "; raise its quota or remove old copies with: guichet backup prune";
    case Trouble::exists:
      return "; nothing was done";
    case Trouble::locked:
      return lock_is_stale(said) ? "; that lock is of a run that died: guichet backup prune removes it first"
                                 : "; it is tried again when that run has ended";
    case Trouble::incomplete:
      return "; see the rights on the store's files, it is tried again";
    case Trouble::damaged:
      return "; make a new one beside it (guichet backup init with another backup.repository), then see "
             "`restic help rebuild-index`";
    case Trouble::local:
    case Trouble::stopped:
    case Trouble::other:
      break;
  }
  return "";
}

std::string summary(Trouble trouble, const std::string& where) {
  switch (trouble) {
    case Trouble::unreachable:
      return "the repository " + where + " cannot be reached";
    case Trouble::certificate:
      return "the certificate of the repository " + where + " is not accepted";
    case Trouble::credentials:
      return "the repository " + where + " refuses the credentials";
    case Trouble::password:
      return "the password is not that of the repository " + where;
    case Trouble::no_repository:
      return "there is no repository at " + where;
    case Trouble::full:
      return "the repository " + where + " is full";
    case Trouble::exists:
      return "there is a repository at " + where + " already";
    case Trouble::locked:
      return "the repository " + where + " is locked by another run of restic";
    case Trouble::incomplete:
      return "restic could not read all of the store";
    case Trouble::damaged:
      return "the repository " + where + " is damaged";
    case Trouble::missing:
    case Trouble::environment:
    case Trouble::local:
    case Trouble::stopped:
    case Trouble::other:
      break;
  }
  return "restic failed";
}

}  // namespace

ResticFailure explain(const ResticCall& call, const std::vector<std::string>& said, int exit_code) {
  if (exit_code == 127)
    return {Trouble::missing, "there is no program " + call.program + advice(Trouble::missing, call, said)};
  auto told = told_by(said);
  if (exit_code == 3 && told.trouble == Trouble::other) told.trouble = Trouble::incomplete;
  auto text = summary(told.trouble, without_credentials(call.repository));
  text += " (restic: " + told.line + ")";
  if (told.trouble == Trouble::other) text += ", exit " + std::to_string(exit_code);
  return {told.trouble, text + advice(told.trouble, call, said)};
}

bool is_trace(const std::string& line) {
  constexpr std::array<std::string_view, 5> begins{"\t", "github.com/", "main.", "runtime.", "goroutine "};
  return std::ranges::any_of(begins, [&line](std::string_view begin) { return line.starts_with(begin); });
}

bool is_retry(const std::string& line) {
  return line.find("returned error, retrying after") != std::string::npos;
}

bool is_final(Trouble trouble) {
  return trouble == Trouble::certificate || trouble == Trouble::credentials || trouble == Trouble::full;
}

std::string without_credentials(std::string repository) {
  const auto begin = repository.find("//");
  if (begin == std::string::npos) return repository;
  const auto end = repository.find('@', begin);
  if (end == std::string::npos || end > repository.find('/', begin + 2)) return repository;
  return repository.erase(begin + 2, end - begin - 1);
}

}  // namespace guichet::cli
