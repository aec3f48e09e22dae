#include "cli/hold.h"

#include <iostream>

#include "cli/act.h"
#include "cli/find_message.h"
#include "cli/plain_text.h"
#include "cli/reading.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;

int say(const conf::Settings& settings, const char* command, const std::vector<std::string>& ids,
        const std::string& reason, const char* said) {
  if (ids.empty()) return complain("name messages"), 2;
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  Json request{{"command", command}, {"reason", reason}, {"messages", Json::array()}};
  const auto rows = find_messages(*store, ids);
  if (!rows) return complain(rows.error().text);
  for (const auto& row : *rows)
    request["messages"].push_back(row.message.uuid.text());
  store->index.reset();
  const auto answer = act(settings, request);
  if (!answer) return complain(answer.error().text);
  for (const auto& id : request["messages"])
    std::cout << id.get<std::string>() << ' ' << said << '\n';
  return 0;
}

}  // namespace

int hold(const conf::Settings& settings, const std::vector<std::string>& ids, const std::string& reason) {
  return say(settings, "hold", ids, reason, "is held: nothing of it is erased until guichet release");
}

int release(const conf::Settings& settings, const std::vector<std::string>& ids, const std::string& reason) {
  return say(settings, "release", ids, reason, "is no longer held");
}

}  // namespace guichet::cli
