// Has an act (acts.h) carried out by whoever may write: the running gateway, or this process when none runs.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "conf/settings.h"
#include "store/error.h"

namespace guichet::cli {

// "by" is added: who asks. The answer's "ok" is true.
[[nodiscard]] store::Result<nlohmann::ordered_json> act(const conf::Settings& settings,
                                                        nlohmann::ordered_json request);

// The same for many acts one after the other: a store that no gateway serves is opened once.
class Acting {
 public:
  [[nodiscard]] static store::Result<std::unique_ptr<Acting>> begin(const conf::Settings& settings);
  virtual ~Acting() = default;
  // `attached`: a descriptor that goes with the request, the caller's; -1: none.
  [[nodiscard]] virtual store::Result<nlohmann::ordered_json> act(nlohmann::ordered_json request,
                                                                  int attached = -1) = 0;
};

// What is about to be done has been shown; whether to do it. Asks on the terminal, and takes no for an answer
// where there is none to ask on.
[[nodiscard]] bool confirmed(const std::string& question, bool yes);

}  // namespace guichet::cli
