#include "cli/judge.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <optional>

#include "cli/filtering.h"
#include "cli/findings_page.h"
#include "cli/front_door.h"
#include "cli/message_facts.h"
#include "cli/plain_text.h"
#include "cli/recipients.h"
#include "smtpd/policy.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
template <class T>
using Made = tl::expected<T, std::string>;

constexpr std::size_t piece_octets = 256 * 1024;

// With nothing on, judge what can be judged without asking anybody to install anything.
conf::Settings with_something_on(conf::Settings settings) {
  if (!settings.filters.any()) settings.filters.authentication = settings.filters.parts = true;
  return settings;
}

Made<filters::MessageFile> read_file(const std::filesystem::path& path) {
  const int fd = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return tl::unexpected("cannot read " + path.string() + ": " + std::strerror(errno));
  const filters::Descriptor file(fd);
  filters::MessageFileWriter writer({.folder = std::filesystem::temp_directory_path()});
  std::string buffer(piece_octets, '\0');
  for (;;) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) return tl::unexpected("cannot read " + path.string() + ": " + std::strerror(errno));
    if (got == 0) return writer.finish();
    if (auto added = writer.append({buffer.data(), static_cast<std::size_t>(got)}); !added)
      return tl::unexpected(added.error());
  }
}

std::vector<std::string> classes_of(const conf::Settings& settings,
                                    const std::vector<std::string>& recipients) {
  std::vector<std::string> classes;
  const auto say = [](const std::string& text) { complain(text); };
  const RejectLists lists(settings.sites, {.alarm = say, .news = say});
  const auto sites = sites_of(settings, lists);
  if (!sites) return classes;
  const smtpd::Policy policy(*sites, routes_of(settings));
  for (const auto& recipient : recipients)
    if (const auto path = smtpd::parse_path("<" + recipient + ">"))
      classes.emplace_back(smtpd::name_of(policy.rule(path->path).recipient_class));
  return classes;
}

FilteredMessage message_of(const conf::Settings& settings, const JudgeOptions& options,
                           filters::MessageFile file) {
  const auto now = store::real_clock()->now();
  return {.id = "judge",
          .envelope = {.client = options.client,
                       .helo = options.helo,
                       .mail_from = options.mail_from,
                       .hostname = settings.smtpd.hostname,
                       .received_unix_s = now.unix_us / 1'000'000},
          .client_name = {},
          .facts = {.recipients = options.recipients,
                    .classes = classes_of(settings, options.recipients),
                    .mail_from = options.mail_from,
                    .size_octets = file.size_octets()},
          .file = std::move(file)};
}

void print_rules(const conf::Settings& settings, const Filtering& filtering, const FilteredMessage& message,
                 const filters::Verdict& verdict) {
  std::cout << "\nrules\n";
  for (const auto& rule : settings.rules)
    std::cout << "  " << left(plain(rule.name), 24) << "  "
              << (filtering.holds(rule.name, message, verdict) ? "holds" : "does not hold") << '\n';
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

void print_facts(const FilteredMessage& message) {
  const auto line = [](const char* name, const std::string& value) {
    std::cout << left(name, 15) << "  " << plain(value) << '\n';
  };
  std::cout << "given\n";
  line("  client", message.envelope.client);
  line("  helo", message.envelope.helo);
  line("  mail from", "<" + message.envelope.mail_from + ">");
  line("  recipients", joined(message.facts.recipients));
  line("  classes", joined(message.facts.classes));
  line("  size octets", std::to_string(message.facts.size_octets));
}

void print_page(const filters::Rule* rule, const smtpd::Judgement& judgement) {
  std::cout << "\nfound out\n";
  print_findings(Json::parse(judgement.findings));
  std::cout << "\nwhat becomes of it\n  "
            << (rule ? "rule " + plain(rule->name) : std::string("no rule counts")) << ": "
            << (judgement.quarantine.empty() ? "delivered" : "quarantined") << '\n';
  if (judgement.fields.empty()) return;
  std::cout << "  with these fields:\n";
  for (std::size_t at = 0; at < judgement.fields.size();) {
    const auto end = judgement.fields.find("\r\n", at);
    auto line = judgement.fields.substr(at, end - at);
    if (line.starts_with('\t')) line.replace(0, 1, "    ");
    std::cout << "    " << plain(line) << '\n';
    at = end + 2;
  }
}

}  // namespace

int judge(const conf::Settings& configured, const JudgeOptions& options) {
  const auto settings = with_something_on(configured);
  auto file = read_file(options.file);
  if (!file) return complain(file.error());
  std::optional<net::Resolver> resolver;
  if (settings.filters.authentication) resolver.emplace(resolver_options(settings.resolver));
  auto filtering = Filtering::make(settings, resolver ? &*resolver : nullptr,
                                   [](const std::string& text) { complain(text); });
  if (!filtering) return complain(filtering.error());
  const auto message = message_of(settings, options, std::move(*file));
  const auto verdict = (*filtering)->find_out(message);
  const auto* rule = (*filtering)->rule(message.facts, verdict, false);
  const auto judgement = (*filtering)->judgement(smtpd::Origin::stranger, message.envelope, verdict, rule);
  if (options.json) {
    auto json = Json::parse(judgement.findings);
    json["fields"] = judgement.fields;
    json["recipients"] = message.facts.recipients;
    json["classes"] = message.facts.classes;
    json["size_octets"] = message.facts.size_octets;
    std::cout << to_line(json) << '\n';
    return 0;
  }
  print_facts(message);
  print_page(rule, judgement);
  if (options.rules) print_rules(settings, **filtering, message, verdict);
  return 0;
}

}  // namespace guichet::cli
