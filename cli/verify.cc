#include "cli/verify.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/message_facts.h"
#include "cli/pace.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "cli/verify_last.h"
#include "store/scrub.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::Extent;
using store::Finding;
using store::FindingKind;
using store::VerifyReport;

std::string_view name_of(FindingKind kind) {
  return kind == FindingKind::note ? "note" : "damage";
}

Extent extent_of(const VerifyOptions& options) {
  if (options.incremental) return Extent::unverified;
  return options.resume ? Extent::resumed : Extent::all;
}

// Where it was verified before, one who may not write there may still read.
store::Result<VerifyReport> run(const store::Archive& archive, const VerifyOptions& options) {
  const auto clock = store::real_clock();
  const Pace pace(options.rate_mib_per_s);
  ProgressBar bar("verify");
  store::ScrubOptions scrub;
  scrub.progress = [&](auto done, auto total) {
    bar.show(done, total);
    pace.wait(done);
  };
  scrub.alarm = [](const std::string& text) { complain(text); };
  return store::verify_and_keep(archive, *clock, extent_of(options), scrub);
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
  object["books"] = report.books ? cli::to_json(*report.books) : Json();
  object["volumes_left_out"] = report.volumes_left_out;
  return object;
}

std::string totals(const VerifyReport& report) {
  return "read " + std::to_string(report.octets) + " octets: " + std::to_string(report.volumes) +
         " volumes, " + std::to_string(report.records) + " records, " + std::to_string(report.messages) +
         " messages, " + std::to_string(report.bodies) + " bodies, " + std::to_string(report.deliveries) +
         " deliveries, " + std::to_string(report.handed_over) + " handed over; " +
         (report.volumes_left_out > 0
              ? std::to_string(report.volumes_left_out) + " volumes were verified before; "
              : "") +
         (report.damaged() ? "there is DAMAGE" : "no damage");
}

void show(const VerifyReport& report) {
  for (const Finding& finding : report.findings)
    std::cout << name_of(finding.kind) << ": " << plain(finding.where) << ": " << plain(finding.what) << '\n';
  if (report.books) std::cout << "books: " << in_words(*report.books) << '\n';
  std::cout << totals(report) << '\n';
}

}  // namespace

int verify(const conf::Settings& settings, const VerifyOptions& options) {
  auto store = open_archive(settings.store.path);
  if (!store) return complain(store.error().text);
  if (options.last) return verify_last(*store->archive, options.json);
  const auto report = run(*store->archive, options);
  if (!report) return complain(report.error().text);
  if (options.json) {
    std::cout << to_json(*report).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    show(*report);
  }
  return report->damaged() ? 1 : 0;
}

}  // namespace guichet::cli
