#include "cli/act.h"

#include <pwd.h>
#include <unistd.h>

#include <iostream>

#include "cli/acts.h"
#include "cli/control_client.h"
#include "cli/owner.h"
#include "cli/plain_text.h"
#include "store/recovery.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::Result;

std::string user() {
  const auto* entry = ::getpwuid(::getuid());
  return entry ? entry->pw_name : "user " + std::to_string(::getuid());
}

Result<Json> act_here(const conf::StoreSettings& settings, const Json& request) {
  const auto disk = store::real_disk();
  const auto clock = store::real_clock();
  const auto ids = store::random_ids();
  // A folder that is no store must not be made into one by a command that looks for a message.
  if (auto ours = store::check_folder(*disk, settings.path); !ours) return tl::unexpected(ours.error());
  auto opened = store::Store::open({.path = settings.path,
                                    .volume_octets_max = settings.volume_octets_max,
                                    .prepare_octets = 0,
                                    .reserve_percent = settings.reserve_percent},
                                   *disk, *clock, *ids, [](const std::string& text) { complain(text); });
  if (!opened) return tl::unexpected(opened.error());
  auto answer = carry_out(**opened, request);
  if (answer["ok"] == true) return answer;
  return store::fail(store::ErrorKind::io, answer["error"].get<std::string>());
}

}  // namespace

Result<Json> act(const conf::Settings& settings, Json request) {
  request["by"] = user() + " at the command line";
  act_as_owner_of(settings.store.path);
  if (gateway_listens(settings.store.path)) return ask_gateway(settings.store.path, request);
  return act_here(settings.store, request);
}

bool confirmed(const std::string& question, bool yes) {
  if (yes) return true;
  if (::isatty(STDIN_FILENO) != 1) return complain("nothing was done: say --yes to do it"), false;
  std::cout << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

}  // namespace guichet::cli
