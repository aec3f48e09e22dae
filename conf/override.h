// The --set arguments of the command line, laid over the document before anything in it is checked.
#pragma once

#include <string_view>

#include "conf/document.h"
#include "conf/report.h"

namespace guichet::conf {

// "section.key=VALUE", or "section=[{...}, ...]" for all tables of a [[section]]. VALUE is TOML; where the
// key takes a string, what is not TOML is that string, since a shell eats the quotes.
void apply_override(std::string_view argument, Table& document, Report& report);

}  // namespace guichet::conf
