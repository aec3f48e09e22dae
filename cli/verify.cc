#include "cli/verify.h"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/plain_text.h"
#include "cli/reading.h"
#include "store/verify.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::Finding;
using store::FindingKind;
using store::VerifyReport;

std::string_view name_of(FindingKind kind) {
  return kind == FindingKind::note ? "note" : "damage";
}

// A line that is written over, one percent after the other; only where somebody is looking.
class Progress {
 public:
  ~Progress() {
    if (shown_ >= 0) std::cerr << "\r              \r" << std::flush;
  }
  void show(std::uint64_t done, std::uint64_t total) {
    const int percent =
        total == 0 ? 100 : static_cast<int>(static_cast<double>(done) / static_cast<double>(total) * 100);
    if (!looked_at_ || percent == shown_) return;
    shown_ = percent;
    std::cerr << "\rverify: " << percent << " %" << std::flush;
  }

 private:
  const bool looked_at_ = ::isatty(STDERR_FILENO) == 1;
  int shown_ = -1;
};

store::Result<VerifyReport> run(const store::Archive& archive) {
  Progress progress;
  return store::verify(archive,
                       {.progress = [&progress](auto done, auto total) { progress.show(done, total); }});
}

Json to_json(const VerifyReport& report) {
  Json object;
  object["damaged"] = report.damaged();
  object["findings"] = Json::array();
  for (const Finding& finding : report.findings)
    object["findings"].push_back(
        {{"kind", name_of(finding.kind)}, {"where", finding.where}, {"what", finding.what}});
  object["volumes"] = report.volumes;
  object["records"] = report.records;
  object["messages"] = report.messages;
  object["bodies"] = report.bodies;
  object["deliveries"] = report.deliveries;
  object["handed_over"] = report.handed_over;
  object["octets"] = report.octets;
  return object;
}

std::string totals(const VerifyReport& report) {
  return "read " + std::to_string(report.octets) + " octets: " + std::to_string(report.volumes) +
         " volumes, " + std::to_string(report.records) + " records, " + std::to_string(report.messages) +
         " messages, " + std::to_string(report.bodies) + " bodies, " + std::to_string(report.deliveries) +
         " deliveries, " + std::to_string(report.handed_over) + " handed over; " +
         (report.damaged() ? "there is DAMAGE" : "no damage");
}

void show(const VerifyReport& report) {
  for (const Finding& finding : report.findings)
    std::cout << name_of(finding.kind) << ": " << plain(finding.where) << ": " << plain(finding.what) << '\n';
  std::cout << totals(report) << '\n';
}

}  // namespace

int verify(const conf::Settings& settings, const VerifyOptions& options) {
  auto store = open_archive(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto report = run(*store->archive);
  if (!report) return complain(report.error().text);
  if (options.json) {
    std::cout << to_json(*report).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    show(*report);
  }
  return report->damaged() ? 1 : 0;
}

}  // namespace guichet::cli
