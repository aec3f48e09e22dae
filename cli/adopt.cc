#include "cli/adopt.h"

#include <iostream>

#include "cli/act.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "store/marks.h"

namespace guichet::cli {
namespace {

// What is going to happen, to somebody who may not remember why the store is detached.
void explain(const conf::Settings& settings, std::uint64_t waiting) {
  std::cout << "The store in " << plain(settings.store.path.string()) << " is detached. Once it is adopted,\n"
            << "  - POP3 hands its " << waiting << " waiting deliveries to whoever logs in;\n";
  if (!settings.backup.repository.empty())
    std::cout << "  - the gateway backs it up into " << plain(settings.backup.repository)
              << ": no other gateway may do so;\n";
  std::cout << "  - a gateway that runs on it does so from now on, without a restart.\n";
}

}  // namespace

int adopt(const conf::Settings& settings, bool yes) {
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  if (!store::detached(*store->disk, settings.store.path)) {
    std::cout << plain(settings.store.path.string()) << " is not detached: there is nothing to adopt\n";
    return 0;
  }
  const auto counts = store->index->counts();
  if (!counts) return complain(counts.error().text);
  explain(settings, counts->waiting);
  if (!confirmed("Adopt it?", yes)) return complain("not adopted; --yes adopts without asking");
  auto cleared = store::clear_mark(*store->disk, settings.store.path, store::detached_mark);
  if (!cleared) return complain(cleared.error().text);
  std::cout << "adopted\n";
  return 0;
}

}  // namespace guichet::cli
