// `guichet completion bash|zsh`: a script that teaches a shell the subcommands and options. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/command_pages.h"

namespace guichet::cli {

enum class Shell { bash, zsh };

// Where no word of ours fits it offers files.
[[nodiscard]] std::string completion(Shell shell, const std::vector<CommandPage>& pages);

}  // namespace guichet::cli
