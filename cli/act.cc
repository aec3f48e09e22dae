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

Json signed_by_user(Json request) {
  request["by"] = user() + " at the command line";
  return request;
}

class ActingThere final : public Acting {
 public:
  explicit ActingThere(std::filesystem::path store) : store_(std::move(store)) {}
  Result<Json> act(Json request, int attached) override {
    return ask_gateway(store_, signed_by_user(std::move(request)), attached);
  }

 private:
  const std::filesystem::path store_;
};

class ActingHere final : public Acting {
 public:
  Result<void> open(const conf::StoreSettings& settings) {
    // A folder that is no store must not be made into one by a command that looks for a message.
    if (auto ours = store::check_folder(*disk_, settings.path); !ours) return ours;
    auto opened = store::Store::open({.path = settings.path,
                                      .volume_octets_max = settings.volume_octets_max,
                                      .prepare_octets = 0,
                                      .reserve_percent = settings.reserve_percent},
                                     *disk_, *clock_, *ids_, [](const std::string& text) { complain(text); });
    if (!opened) return tl::unexpected(opened.error());
    store_ = std::move(*opened);
    return {};
  }

  Result<Json> act(Json request, int attached) override {
    auto answer = carry_out(*store_, signed_by_user(std::move(request)), attached);
    if (answer["ok"] == true) return answer;
    return store::fail(store::ErrorKind::io, answer["error"].get<std::string>());
  }

 private:
  const std::unique_ptr<store::Disk> disk_ = store::real_disk();
  const std::unique_ptr<store::Clock> clock_ = store::real_clock();
  const std::unique_ptr<store::IdSource> ids_ = store::random_ids();
  std::unique_ptr<store::Store> store_;
};

}  // namespace

Result<std::unique_ptr<Acting>> Acting::begin(const conf::Settings& settings) {
  act_as_owner_of(settings.store.path);
  if (gateway_listens(settings.store.path)) return std::make_unique<ActingThere>(settings.store.path);
  auto here = std::make_unique<ActingHere>();
  if (auto opened = here->open(settings.store); !opened) return tl::unexpected(opened.error());
  return here;
}

Result<Json> act(const conf::Settings& settings, Json request) {
  const auto acting = Acting::begin(settings);
  return acting ? (*acting)->act(std::move(request)) : tl::unexpected(acting.error());
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
