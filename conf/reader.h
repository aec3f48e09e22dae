// Reads the TOML file into Settings.
// Every mistake is one line: FILE:LINE: KEY: what is wrong; what is allowed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "conf/settings.h"

namespace guichet::conf {

struct Mistake {
  std::string text;  // "conf/guichet.toml:12: smtpd.threads: 0 is out of range; allowed are 1 to 64"
};

// `overrides` are the --set arguments, "section.key=VALUE" with VALUE in TOML (a bare word will do where a
// string is wanted), or "section=[{...}, ...]" for all tables of a [[section]]; applied after the file and
// before any check, and named "--set" instead of FILE:LINE in mistakes. Relative paths in the file are
// relative to the file's folder; in an override, to the current folder; in Settings all are absolute, or
// empty where none was given. All mistakes are reported, not only the first, in the order of the file. An
// unknown key is a mistake and names the nearest known one. Reads the one file and nothing else: whether a
// certificate or password file exists is found out by who opens it.
[[nodiscard]] tl::expected<Settings, std::vector<Mistake>> read_settings(
    const std::filesystem::path& file, const std::vector<std::string>& overrides);

// The file used when no -c is given: conf/guichet.toml beside the source when the executable is
// build/<preset>/guichet of that source and the file exists, else /etc/guichet/guichet.toml. `executable` is
// the place of the program itself, as /proc/self/exe has it, not the word it was called by.
[[nodiscard]] std::filesystem::path default_file(const std::filesystem::path& executable);

// conf/guichet.toml as generated from the declaration: every key with its text, unit, range and default.
[[nodiscard]] std::string sample();

// What the sample says of one key, "section.key", as a page: where it stands, its text, what it may be, its
// default. Of a key that is none: the nearest known one.
[[nodiscard]] tl::expected<std::string, std::string> explanation(const std::string& key);

}  // namespace guichet::conf
