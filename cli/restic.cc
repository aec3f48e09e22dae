#include "cli/restic.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <mutex>
#include <optional>

#include "handover/child.h"

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds tick{100};
constexpr seconds patience_with_retries{20};
constexpr seconds patience_without_progress{3600};
constexpr seconds patience_after_interrupt{3};
constexpr seconds lock_wait_max{10};
constexpr std::size_t said_max = 30;

// --- The environment -----------------------------------------------------------------------------------

std::string inherited(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

bool has_password(const Environment& environment) {
  return std::ranges::any_of(environment, [](const auto& variable) {
    return variable.first.starts_with("RESTIC_PASSWORD") && !variable.second.empty();
  });
}

tl::expected<std::vector<std::string>, std::string> environment_of(const ResticOptions& options) {
  auto given = read_envdir(options.envdir);
  if (!given) return tl::unexpected(given.error());
  if (!has_password(*given))
    return tl::unexpected("there is no RESTIC_PASSWORD in " + options.envdir.string() +
                          " (backup.envdir): put the repository's password into a file of that name");
  std::vector<std::string> all{"PATH=" + inherited("PATH", "/usr/local/bin:/usr/bin:/bin"),
                               "HOME=" + inherited("HOME", "/"), "TZ=UTC", "RESTIC_PROGRESS_FPS=1",
                               "RESTIC_REPOSITORY=" + options.repository};
  if (!options.cache.empty()) all.push_back("RESTIC_CACHE_DIR=" + options.cache.string());
  for (const auto& [name, value] : *given) {
    std::erase_if(all, [&name](const std::string& one) { return one.starts_with(name + "="); });
    all.push_back(name + "=" + value);
  }
  return all;
}

// --- One run -------------------------------------------------------------------------------------------

// The last lines of standard error, and since when they are the same trouble.
class Said {
 public:
  explicit Said(const ResticCall& call) : call_(call) {}

  void add(const std::string& line) {
    if (is_trace(line)) return;
    lines_.push_back(line);
    if (lines_.size() > said_max) lines_.pop_front();
    if (!is_retry(line)) return;
    if (!retries_since_) retries_since_ = Clock::now();
    hopeless_ = is_final(explain(call_, {line}, 1).trouble);
  }
  void progress() { retries_since_.reset(); }
  [[nodiscard]] bool hopeless() const {
    return hopeless_ || (retries_since_ && Clock::now() - *retries_since_ > patience_with_retries);
  }
  [[nodiscard]] ResticFailure explained(int exit_code) const {
    return explain(call_, {lines_.begin(), lines_.end()}, exit_code);
  }

 private:
  const ResticCall& call_;
  std::deque<std::string> lines_;
  std::optional<Clock::time_point> retries_since_;
  bool hopeless_ = false;
};

class Run {
 public:
  Run(const ResticCall& call, handover::Child child, const ResticWatch& watch, const std::stop_token& stop)
      : said_(call), child_(std::move(child)), watch_(watch), stop_(stop) {}

  ResticResult to_the_end() {
    const auto out = [this](const std::string& line) {
      if (watch_.on_line(line)) progress();
    };
    const auto err = [this](const std::string& line) { said_.add(line); };
    while (!child_.wait(tick, out, err)) {
      watch_.on_tick();
      end_it_if_needed();
    }
    if (stop_.stop_requested())
      return tl::unexpected(ResticFailure{Trouble::stopped, "the backup was stopped before it was done"});
    if (child_.exit_code() == 0 && !interrupted_) return {};
    return tl::unexpected(failure());
  }

 private:
  void progress() {
    said_.progress();
    last_progress_ = Clock::now();
  }

  void end_it_if_needed() {
    const auto now = Clock::now();
    stalled_ = stalled_ || now - last_progress_ > patience_without_progress;
    if (!interrupted_ && (stop_.stop_requested() || said_.hopeless() || stalled_)) {
      child_.interrupt();
      interrupted_ = now;
    }
    if (interrupted_ && now - *interrupted_ > patience_after_interrupt) child_.kill();
  }

  ResticFailure failure() const {
    if (!stalled_) return said_.explained(child_.exit_code());
    return {Trouble::unreachable, "restic got no further for an hour and was ended; it is tried again"};
  }

  Said said_;
  handover::Child child_;
  const ResticWatch& watch_;
  const std::stop_token& stop_;
  Clock::time_point last_progress_ = Clock::now();
  std::optional<Clock::time_point> interrupted_;
  bool stalled_ = false;
};

std::vector<std::string> with_options(const ResticOptions& options,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> all;
  if (!options.cacert_file.empty()) all = {"--cacert", options.cacert_file.string()};
  if (options.upload_kib_per_s > 0) {
    all.emplace_back("--limit-upload");
    all.push_back(std::to_string(options.upload_kib_per_s));
  }
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

ResticResult run_once(const ResticOptions& options, const std::vector<std::string>& arguments,
                      const ResticWatch& watch, const std::stop_token& stop) {
  const ResticCall call{options.program, options.repository, options.envdir.string()};
  auto environment = environment_of(options);
  if (!environment) return tl::unexpected(ResticFailure{Trouble::environment, environment.error()});
  auto child = handover::Child::start({.program = options.program,
                                       .arguments = with_options(options, arguments),
                                       .environment = std::move(*environment),
                                       .working_folder = options.working_folder,
                                       .own_group = options.own_group,
                                       .kept_descriptor = options.kept_descriptor});
  if (child) return Run(call, std::move(*child), watch, stop).to_the_end();
  if (child.error() == ENOENT) return tl::unexpected(explain(call, {}, 127));
  return tl::unexpected(
      ResticFailure{Trouble::other, "cannot start " + options.program + ": " + std::strerror(child.error())});
}

// False: asked to stop.
bool pause(seconds time, const ResticWatch& watch, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  for (auto left = time; left > seconds(0) && !stop.stop_requested(); left -= seconds(1)) {
    watch.on_tick();
    changed.wait_for(lock, stop, seconds(1), [] { return false; });
  }
  return !stop.stop_requested();
}

}  // namespace

ResticOptions restic_options(const conf::Settings& settings) {
  const auto& backup = settings.backup;
  return {.program = backup.restic,
          .repository = backup.repository,
          .envdir = fs::absolute(backup.envdir),
          .cacert_file = backup.cacert_file.empty() ? fs::path() : fs::absolute(backup.cacert_file),
          .cache = fs::absolute(settings.store.path) / "backup" / "cache",
          .working_folder = fs::absolute(settings.store.path),
          .upload_kib_per_s = backup.upload_kib_per_s};
}

ResticResult run_restic(const ResticOptions& options, const std::vector<std::string>& arguments,
                        const ResticWatch& watch, const std::stop_token& stop) {
  const auto begin = Clock::now();
  for (seconds wait{1};; wait = std::min(wait * 2, lock_wait_max)) {
    auto done = run_once(options, arguments, watch, stop);
    if (done || done.error().trouble != Trouble::locked) return done;
    if (Clock::now() - begin > watch.lock_patience || !pause(wait, watch, stop)) return done;
  }
}

tl::expected<Environment, std::string> read_envdir(const fs::path& folder) {
  std::error_code error;
  Environment found;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const auto name = entry->path().filename().string();
    if (name.starts_with('.') || name.find('=') != std::string::npos || entry->is_directory()) continue;
    std::ifstream stream(entry->path(), std::ios::binary);
    if (!stream) return tl::unexpected("cannot read " + entry->path().string() + ": " + std::strerror(errno));
    std::string value;
    if (stream.peek() == std::ifstream::traits_type::eof())
      continue;  // not given, which is what we begin with
    std::getline(stream, value);
    value.erase(value.find_last_not_of(" \t\r") + 1);
    std::ranges::replace(value, '\0', '\n');
    found.emplace_back(name, value);
  }
  if (error) return tl::unexpected("cannot read " + folder.string() + " (backup.envdir): " + error.message());
  return found;
}

void lower_priority() {
  constexpr int nice = 10;
  constexpr int this_thread = 0, of_a_process = 1, best_effort_last = (2 << 13) | 7;
  ::setpriority(PRIO_PROCESS, this_thread, nice);  // of the thread, on Linux
  ::syscall(SYS_ioprio_set, of_a_process, this_thread, best_effort_last);
}

}  // namespace guichet::cli
