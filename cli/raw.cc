#include "cli/raw.h"

#include <iostream>

#include "cli/find_message.h"
#include "cli/message_body.h"
#include "cli/plain_text.h"

namespace guichet::cli {

int raw(const conf::Settings& settings, const std::string& id) {
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto row = find_message(*store, id);
  if (!row) return complain(row.error().text);
  const auto written = read_body(*store, *row, [](std::string_view octets) {
    return static_cast<bool>(std::cout.write(octets.data(), static_cast<std::streamsize>(octets.size())));
  });
  return written ? 0 : complain(written.error().text);
}

}  // namespace guichet::cli
