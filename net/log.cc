#include "net/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace guichet::net {
namespace {

constexpr std::size_t value_octets_max = 512;
bool json_lines = false;

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      break;
  }
  return spdlog::level::err;
}

bool plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-_.:/@+[]<>,").find(c) != std::string_view::npos;
}

// Inside quotes, for text and JSON alike: nothing but printable ASCII gets through.
void append_escaped(std::string& out, std::string_view value) {
  static constexpr char digits[] = "0123456789abcdef";
  for (const char c : value.substr(0, value_octets_max)) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (octet < 0x20 || octet >= 0x7f) {
      out.append("\\u00").append(1, digits[octet >> 4]).append(1, digits[octet & 15]);
    } else {
      out.append(1, c);
    }
  }
  if (value.size() > value_octets_max) out.append("...");
}

std::string quoted(std::string_view value) {
  std::string out = "\"";
  append_escaped(out, value);
  return out.append("\"");
}

std::string text_line(std::string_view event, std::initializer_list<LogField> fields) {
  std::string line(event);
  for (const auto& field : fields)
    line.append(" ").append(field.name).append("=").append(escape_for_log(field.value));
  return line;
}

std::string json_line(std::string_view event, std::initializer_list<LogField> fields) {
  std::string line = "\"event\":" + quoted(event);
  for (const auto& field : fields)
    line.append(",").append(quoted(field.name)).append(":").append(quoted(field.value));
  return line;
}

}  // namespace

std::string escape_for_log(std::string_view value) {
  const bool bare =
      !value.empty() && value.size() <= value_octets_max && std::all_of(value.begin(), value.end(), plain);
  return bare ? std::string(value) : quoted(value);
}

void start_log(std::string_view level, bool json) {
  json_lines = json;
  auto logger =
      std::make_shared<spdlog::logger>("guichet", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::from_str(std::string(level)));
  logger->set_pattern(
      json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",\"level\":\"%l\",%v}" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
      spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void log_event(Level level, std::string_view event, std::initializer_list<LogField> fields) {
  auto* logger = spdlog::default_logger_raw();
  const auto as = to_spdlog(level);
  if (!logger->should_log(as)) return;
  // The line goes in as an argument: a stranger's "{}" must never be a format string.
  logger->log(as, "{}", json_lines ? json_line(event, fields) : text_line(event, fields));
}

}  // namespace guichet::net
