#include "cli/completion.h"

namespace guichet::cli {
namespace {

// The place in the tree of commands that the words before the cursor lead to: "/backup/now".
std::string place_of(const CommandPage& page) {
  std::string place = page.path.empty() ? "" : "/" + page.path;
  for (auto& octet : place)
    if (octet == ' ') octet = '/';
  return place;
}

std::string known_places(const std::vector<CommandPage>& pages) {
  std::string all;
  for (const auto& page : pages)
    if (!page.path.empty()) all.append(all.empty() ? "" : "|").append(place_of(page));
  return all;
}

// Options of the program may stand behind a subcommand too.
std::string words_of(const CommandPage& page, const CommandPage& program) {
  std::string words;
  const auto add = [&words](const std::string& word) { words.append(words.empty() ? "" : " ").append(word); };
  for (const auto& command : page.subcommands)
    add(command);
  for (const auto& option : page.options)
    for (const auto& name : option.names)
      add(name);
  if (!page.path.empty())
    for (const auto& option : program.options)
      for (const auto& name : option.names)
        if (name == "--config" || name == "--set") add(name);
  return words;
}

std::string candidates(const std::vector<CommandPage>& pages, const std::string& before,
                       const std::string& after) {
  std::string cases;
  for (const auto& page : pages)
    cases += "    '" + place_of(page) + "') " + before + words_of(page, pages.front()) + after + " ;;\n";
  return cases;
}

std::string for_bash(const std::vector<CommandPage>& pages) {
  return "# bash completion of guichet\n"
         "_guichet() {\n"
         "  local word place= words=\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$place/$word\" in\n"
         "      " +
         known_places(pages) +
         ") place=$place/$word ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$place\" in\n" +
         candidates(pages, "words='", "'") +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _guichet guichet\n";
}

std::string for_zsh(const std::vector<CommandPage>& pages) {
  return "#compdef guichet\n"
         "local word place=\n"
         "for word in ${words[2,CURRENT-1]}; do\n"
         "  case \"$place/$word\" in\n"
         "    " +
         known_places(pages) +
         ") place=$place/$word ;;\n"
         "  esac\n"
         "done\n"
         "case \"$place\" in\n" +
         candidates(pages, "compadd -- ", "") +
         "esac\n"
         "_files\n";
}

}  // namespace

std::string completion(Shell shell, const std::vector<CommandPage>& pages) {
  return shell == Shell::bash ? for_bash(pages) : for_zsh(pages);
}

}  // namespace guichet::cli
