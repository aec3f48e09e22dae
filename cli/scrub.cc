#include "cli/scrub.h"

#include <utility>

#include "cli/pace.h"
#include "net/log.h"
#include "store/scrub.h"
#include "store/thread_kind.h"

namespace guichet::cli {
namespace {

using net::Level;

constexpr std::chrono::seconds first{5};  // after a start there is enough to do
constexpr std::chrono::minutes interval{10};
constexpr std::int64_t day_us = 86'400'000'000;

}  // namespace

std::unique_ptr<Scrubber> Scrubber::start(const conf::StoreSettings& settings, const store::Alarm& alarm) {
  if (settings.scrub_days == 0) return nullptr;
  return std::unique_ptr<Scrubber>(new Scrubber(settings, alarm));
}

Scrubber::Scrubber(const conf::StoreSettings& settings, store::Alarm alarm)
    : settings_(settings),
      alarm_(std::move(alarm)),
      disk_(store::real_disk()),
      clock_(store::real_clock()),
      archive_(*disk_, settings_.path),
      duty_({.name = "scrub", .first = first, .interval = interval},
            [this](const std::stop_token& stop) { work(stop); }) {}

// All that is due, one after the other.
void Scrubber::work(const std::stop_token& stop) {
  store::works_when_idle();
  while (!stop.stop_requested()) {
    const auto volumes = archive_.all_volumes();
    if (!volumes) return alarm_("the scrub cannot list the volumes: " + volumes.error().text);
    const auto due = store::due_volume(*volumes, store::read_scrub_state(*disk_, settings_.path),
                                       clock_->now(), day_us * settings_.scrub_days);
    if (!due || !scrub(*due, stop)) return;
  }
}

// False: no use going on now.
bool Scrubber::scrub(std::uint32_t volume, const std::stop_token& stop) {
  Pace pace(settings_.scrub_mib_per_s);
  bool kept = true;
  store::ScrubOptions options;
  options.progress = [&](auto done, auto) { pace.wait(done, stop); };
  options.stop = stop;
  options.forget_behind = true;
  options.alarm = [&](const std::string& text) {
    kept = false;
    alarm_(text);
  };
  auto report = store::scrub_volume(archive_, *clock_, volume, options);
  // A block that was just being erased is neither what it was nor blank: only what is found twice is there.
  if (report && report->damaged()) {
    pace = Pace(settings_.scrub_mib_per_s);
    report = store::scrub_volume(archive_, *clock_, volume, options);
  }
  if (!report) {
    // Behind for a moment, or asked to stop: next time.
    const auto kind = report.error().kind;
    if (kind != store::ErrorKind::absent && kind != store::ErrorKind::stopped)
      alarm_("the scrub cannot read the store: " + report.error().text);
    return false;
  }
  for (const auto& finding : report->findings)
    if (finding.kind == store::FindingKind::damage)
      net::log_event(Level::error, "scrub.damage",
                     {{"where", finding.where}, {"text", finding.what + "; run guichet repair"}});
  net::log_event(Level::info, "scrub.volume",
                 {{"volume", std::to_string(volume)},
                  {"octets", std::to_string(report->octets)},
                  {"damaged", report->damaged() ? "yes" : "no"}});
  return kept;
}

}  // namespace guichet::cli
