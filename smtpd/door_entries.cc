#include "smtpd/door_entries.h"

#include <algorithm>

#include "smtpd/ascii.h"

namespace guichet::smtpd {
namespace {

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && ascii_iequals(text.substr(text.size() - end.size()), end);
}

bool means_sender(std::string_view entry, std::string_view sender) {
  if (entry == "<>") return sender.empty();
  return entry.starts_with('@') ? ends_with(sender, entry) : ascii_iequals(entry, sender);
}

// ".b.example" is the domain itself as well.
bool means_name(std::string_view entry, std::string_view name) {
  if (name.empty()) return false;
  if (!entry.starts_with('.')) return ascii_iequals(entry, name);
  return ends_with(name, entry) || ascii_iequals(entry.substr(1), name);
}

std::string_view trimmed(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const auto last = line.find_last_not_of(" \t\r");
  return last == std::string_view::npos ? std::string_view() : skip_blanks(line.substr(0, last + 1));
}

}  // namespace

void DoorEntries::add(std::string_view text) {
  if (text == "<>" || text.find('@') != std::string_view::npos) {
    senders_.emplace_back(text);
  } else if (auto network = parse_network(text)) {
    networks_.push_back({std::move(*network), std::string(text)});
  } else {
    names_.emplace_back(text);
  }
}

std::string_view DoorEntries::match(std::string_view client, std::string_view name,
                                    std::string_view sender) const {
  if (const auto address = parse_ip(client))
    for (const auto& each : networks_)
      if (each.network.contains(*address)) return each.text;
  for (const auto& entry : senders_)
    if (means_sender(entry, sender)) return entry;
  for (const auto& entry : names_)
    if (means_name(entry, name)) return entry;
  return {};
}

std::vector<DoorLine> door_lines(std::string_view text) {
  std::vector<DoorLine> lines;
  for (unsigned number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    if (const auto entry = trimmed(text.substr(0, end)); !entry.empty()) lines.push_back({number, entry});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace guichet::smtpd
