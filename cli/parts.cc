#include "cli/parts.h"

#include <iostream>

#include "cli/filtering.h"
#include "cli/find_message.h"
#include "cli/findings_page.h"
#include "cli/message_body.h"
#include "cli/message_facts.h"
#include "cli/plain_text.h"
#include "filters/findings_json.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;

// Parts alone: nobody is asked for anything.
conf::Settings parts_only(conf::Settings settings) {
  settings.filters.authentication = false;
  settings.filters.parts = true;
  settings.filters.rspamd.clear();
  settings.filters.clamd.clear();
  settings.filters.workers = 1;
  return settings;
}

int write_part(Filtering& filtering, const filters::MessageFile& file, const std::string& number) {
  const auto trouble = filtering.extract(number, file, [](std::string_view octets) {
    std::cout.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  });
  return trouble.empty() ? 0 : complain("part " + number + ": " + trouble);
}

int list_parts(Filtering& filtering, filters::MessageFile file, bool json) {
  const FilteredMessage message{
      .id = {}, .envelope = {}, .client_name = {}, .facts = {}, .file = std::move(file)};
  const auto verdict = filtering.find_out(message);
  const auto findings = Json::parse(filters::encode_findings(verdict.findings));
  if (json)
    std::cout << to_line(findings) << '\n';
  else
    print_parts(findings);
  for (const auto& error : verdict.findings.errors)
    complain(error);
  return verdict.findings.errors.empty() ? 0 : 1;
}

}  // namespace

int parts(const conf::Settings& configured, const PartsOptions& options) {
  const auto settings = parts_only(configured);
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto row = find_message(*store, options.id);
  if (!row) return complain(row.error().text);
  auto filtering = Filtering::make(settings, nullptr, [](const std::string& text) { complain(text); });
  if (!filtering) return complain(filtering.error());
  auto file = (*filtering)->file_of([&](const Filtering::Take& take) {
    return read_body(*store, *row, [&](std::string_view octets) { return take(octets), true; });
  });
  if (!file) return complain(file.error().text);
  if (options.extract.empty()) return list_parts(**filtering, std::move(*file), options.json);
  return write_part(**filtering, *file, options.extract);
}

}  // namespace guichet::cli
