#include "cli/preflight.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/plain_text.h"

namespace guichet::cli {
namespace {

using Kind = Advice::Kind;
using Where = Advice::Where;

constexpr std::size_t file_octets_max = 4 << 20;

std::string first_line(const std::filesystem::path& file) {
  std::string line;
  if (file.empty()) return line;
  std::ifstream stream(file);
  if (!std::getline(stream, line)) complain("cannot read " + file.string() + ": taken as empty");
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

Secrets read_secrets(const conf::Settings& settings) {
  Secrets secrets;
  for (const auto& site : settings.sites)
    secrets.sites.push_back(first_line(site.secret_file));
  for (const auto& maildrop : settings.maildrops)
    secrets.maildrops.push_back(first_line(maildrop.password_file));
  return secrets;
}

std::string_view name_of(Where where) {
  switch (where) {
    case Where::general_yml:
      return "general.yml";
    case Where::guichet_toml:
      return "guichet.toml";
    case Where::console:
      return "rails console";
    case Where::elsewhere:
    case Where::nowhere:
      break;
  }
  return "elsewhere";
}

std::string_view mark_of(Kind kind) {
  switch (kind) {
    case Kind::fine:
      return "ok      ";
    case Kind::check:
      return "look at ";
    case Kind::must:
      break;
  }
  return "change  ";
}

void show(const Advice& advice) {
  std::cout << mark_of(advice.kind) << plain(advice.text) << '\n';
  if (advice.lines.empty()) return;
  std::cout << "          " << name_of(advice.where) << ":\n";
  for (const auto& line : advice.lines)
    std::cout << "            " << plain(line) << '\n';
}

}  // namespace

int preflight(const conf::Settings& settings, const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream.is_open() || stream.bad())
    return complain(file.string() + ": " + std::strerror(errno ? errno : EIO));
  if (text.size() > file_octets_max) return complain(file.string() + ": far too large for a general.yml");
  const auto general = GeneralYml::parse(text);
  if (!general) return complain(file.string() + ": " + general.error());
  const auto advice = preflight_advice(*general, settings, read_secrets(settings));
  for (const auto& one : advice)
    show(one);
  const auto musts = std::ranges::count(advice, Kind::must, &Advice::kind);
  std::cout << (musts == 0 ? "nothing must change\n"
                           : std::to_string(musts) +
                                 (musts == 1 ? " thing must change\n" : " things must change\n"));
  return musts == 0 ? 0 : 1;
}

}  // namespace guichet::cli
