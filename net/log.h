// One event, one line. Values may hold anything a stranger sends: they are escaped and capped here.
//
//   log_event(Level::info, "smtp.filed", {{"session", id}, {"from", sender}});
//   → 2026-11-22T18:54:00.123Z info smtp.filed session=… from="…"      or the same as one JSON object
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace guichet::net {

enum class Level { debug, info, warn, error };

struct LogField {
  std::string_view name;
  std::string value;
};

// To stderr. `level` as in log.level; called once before the first event.
void start_log(std::string_view level, bool json);
void log_event(Level level, std::string_view event, std::initializer_list<LogField> fields);

// As they are written: quoted and escaped when need be, at most 512 octets of input.
[[nodiscard]] std::string escape_for_log(std::string_view value);

}  // namespace guichet::net
