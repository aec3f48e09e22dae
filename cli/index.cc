#include "cli/index.h"

#include <iostream>

#include "cli/control_client.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "store/seams.h"
#include "store/store.h"

namespace guichet::cli {
namespace {

using store::Result;

// Under the store's lock: busy when a gateway runs.
Result<store::IndexCounts> rebuild_alone(const conf::StoreSettings& settings, store::Disk& disk) {
  const auto clock = store::real_clock();
  const auto ids = store::random_ids();
  auto opened = store::Store::open({.path = settings.path}, disk, *clock, *ids,
                                   [](const std::string& text) { complain(text); });
  if (!opened) return tl::unexpected(opened.error());
  return (*opened)->rebuild_index();
}

// The gateway is the one process that writes, so while it runs it is the one to ask.
Result<store::IndexCounts> rebuild(const conf::StoreSettings& settings) {
  const auto view = open_archive(settings.path);
  if (!view) return tl::unexpected(view.error());
  auto counts = rebuild_alone(settings, *view->disk);
  if (counts || counts.error().kind != store::ErrorKind::busy) return counts;
  return ask_for_index_rebuild(settings.path);
}

}  // namespace

int index_rebuild(const conf::Settings& settings) {
  const auto counts = rebuild(settings.store);
  if (!counts) return complain(counts.error().text);
  std::cout << "the index was made anew: " << counts->messages << " messages, " << counts->bodies
            << " bodies, " << counts->deliveries << " deliveries, " << counts->waiting
            << " of them waiting\n";
  return 0;
}

}  // namespace guichet::cli
