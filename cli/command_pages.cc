#include "cli/command_pages.h"

#include <CLI/CLI.hpp>

namespace guichet::cli {
namespace {

OptionWords words_of(const CLI::Option& option) {
  OptionWords words{.names = {},
                    .value = option.get_items_expected_max() == 0 ? "" : option.get_type_name(),
                    .summary = option.get_description(),
                    .positional = option.get_positional(),
                    .required = option.get_required()};
  for (const auto& name : option.get_lnames())
    words.names.push_back("--" + name);
  for (const auto& name : option.get_snames())
    words.names.push_back("-" + name);
  if (words.positional) words.value = option.get_name(true);
  return words;
}

void add_pages(const CLI::App& app, const std::string& path, std::vector<CommandPage>& pages) {
  CommandPage page{.path = path, .summary = app.get_description(), .options = {}, .subcommands = {}};
  for (const auto* option : app.get_options())
    page.options.push_back(words_of(*option));
  const auto commands = app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); });
  for (const auto* command : commands)
    page.subcommands.push_back(command->get_name());
  pages.push_back(std::move(page));
  for (const auto* command : commands)
    add_pages(*command, path.empty() ? command->get_name() : path + " " + command->get_name(), pages);
}

}  // namespace

std::vector<CommandPage> command_pages(const CLI::App& app) {
  std::vector<CommandPage> pages;
  add_pages(app, "", pages);
  return pages;
}

}  // namespace guichet::cli
