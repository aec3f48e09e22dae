#include "filters/worker_errand.h"

#include <algorithm>
#include <array>

#include "filters/findings_json.h"

namespace guichet::filters {
namespace {

constexpr std::uint64_t message_octets_a_frame = 16 * 1024;
// Questions are short; only findings and octets may be as long as a frame.
constexpr std::size_t question_octets_max = 128 * 1024;
// The kernel counts processor time in ticks: no wait for the rest of one.
constexpr std::chrono::milliseconds shortest_wait{1};

constexpr std::array<std::string_view, 6> ending_names{"done", "not_started", "died",
                                                       "late", "overspent",   "nonsense"};

}  // namespace

std::string_view name_of(Ending ending) {
  return ending_names.at(static_cast<std::size_t>(ending));
}

Errand::Errand(WorkerProcess& worker, const MessageFile& message, CountedNames& names,
               const ErrandLimits& limits, Sink sink)
    : worker_(worker),
      message_(message),
      names_(names),
      limits_(limits),
      sink_(std::move(sink)),
      deadline_(Clock::now() + limits.deadline),
      cpu_before_(worker.cpu_used()),
      frames_left_(limits.frames_max + message.size_octets() / message_octets_a_frame),
      octets_left_(message.size_octets()) {}

bool Errand::begin(const Request& request) {
  kind_ = request.kind;
  return worker_.wire()
      .send(FrameType::request, encode_request(request), deadline_, message_.descriptor())
      .has_value();
}

Outcome Errand::run() {
  // Looked at before each frame: one that never stops talking is late as well.
  while (!over_ && in_time()) {
    const auto frame = worker_.wire().receive(next_look());
    heard_ = heard_ || frame;
    if (frame && frames_left_-- == 0) {
      fail(Ending::nonsense, "the worker said too much and was killed");
    } else if (frame) {
      if (!take(*frame)) fail(Ending::nonsense, "the worker said what makes no sense and was killed");
    } else if (frame.error() == WireFault::closed) {
      const auto death = worker_.kill();
      came_to_nothing_ = !heard_ && death == WorkerProcess::was_killed;
      fail(Ending::died, "the worker " + death);
    } else if (frame.error() == WireFault::nonsense) {
      fail(Ending::nonsense, "the worker said what makes no sense and was killed");
    }
  }
  add_evidence();
  return std::move(outcome_);
}

bool Errand::in_time() {
  if (worker_.cpu_used() - cpu_before_ >= limits_.cpu)
    fail(Ending::overspent, "the worker took more than " + std::to_string(limits_.cpu.count()) +
                                " ms of the processor and was killed");
  else if (Clock::now() >= deadline_)
    fail(Ending::late,
         "the worker took longer than " + std::to_string(limits_.deadline.count()) + " ms and was killed");
  return !over_;
}

// The sooner of the deadline and the moment at which the processor time could have been spent: a process of
// one thread spends it no faster than the clock goes.
Errand::Clock::time_point Errand::next_look() const {
  const auto left = limits_.cpu - (worker_.cpu_used() - cpu_before_);
  const auto wait = std::max<std::chrono::nanoseconds>(left, shortest_wait);
  return std::min(deadline_, Clock::now() + std::chrono::duration_cast<Clock::duration>(wait));
}

bool Errand::take(const Frame& frame) {
  switch (frame.type) {
    case FrameType::stage:
      if (!is_stage(frame.payload)) return false;
      stage_ = static_cast<Stage>(frame.payload.front());
      return true;
    case FrameType::found:
      return take_findings(frame);
    case FrameType::octets:
      return take_octets(frame);
    case FrameType::ask:
      return answer(frame);
    case FrameType::expect:
      return expect(frame);
    case FrameType::done:
      over_ = true;
      worker_goes_on_ = frame.payload.empty();
      return frame.payload.empty() || frame.payload == "last";
    case FrameType::hello:
    case FrameType::request:
    case FrameType::answer:
      break;
  }
  return false;
}

bool Errand::take_findings(const Frame& frame) {
  auto piece = decode_findings(frame.payload);
  return piece && add_findings(outcome_.findings, std::move(*piece));
}

// Decoding makes nothing longer.
bool Errand::take_octets(const Frame& frame) {
  if (kind_ != Request::Kind::extract || frame.payload.empty() || frame.payload.size() > octets_left_)
    return false;
  octets_left_ -= frame.payload.size();
  if (sink_) sink_(frame.payload);
  return true;
}

bool Errand::answer(const Frame& frame) {
  if (frame.payload.size() > question_octets_max) return false;
  const auto question = decode_question(frame.payload);
  if (!question) return false;
  auto json = encode_answer(names_.ask(*question));
  if (json.size() > to_worker_octets_max) json = encode_answer({});
  const auto sent = worker_.wire().send(FrameType::answer, json, deadline_);
  // One that asks and does not listen is late; one that is gone shows at the next look.
  if (!sent && sent.error() == WireFault::late)
    fail(Ending::late, "the worker did not take an answer and was killed");
  return true;
}

bool Errand::expect(const Frame& frame) {
  if (frame.payload.size() > question_octets_max) return false;
  const auto questions = decode_questions(frame.payload);
  if (questions) names_.expect(*questions);
  return questions.has_value();
}

void Errand::fail(Ending ending, const std::string& what) {
  static_cast<void>(worker_.kill());
  over_ = true;
  worker_goes_on_ = false;
  outcome_.ending = ending;
  outcome_.error = what + " " + std::string(words_for(stage_));
  outcome_.findings.errors.push_back(outcome_.error);
}

void Errand::add_evidence() {
  outcome_.findings.dns = names_.evidence();
  if (const auto left_out = names_.evidence_left_out(); left_out > 0)
    outcome_.findings.errors.push_back("dns: too long to be kept: the answers to " +
                                       std::to_string(left_out) + " questions");
}

}  // namespace guichet::filters
