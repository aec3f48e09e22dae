#include "tests/store/crash_script.h"

#include <algorithm>
#include <sstream>

#include "store/scan.h"
#include "store/verify.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

std::string uid_text(const Uid& uid) {
  return uid.uuid.text();
}

std::string message_text(const MessageId& id) {
  return "message " + id.uuid.text();
}

void copy_folder(const fs::path& from, const fs::path& to) {
  std::error_code ignored;
  fs::remove_all(to, ignored);
  if (fs::exists(from)) fs::copy(from, to, fs::copy_options::recursive);
}

std::string verified(const Archive& archive) {
  const auto report = verify(archive, {});
  if (!report) return "verify cannot read the store: " + report.error().text;
  for (const auto& finding : report->findings)
    if (finding.kind == FindingKind::damage) return "verify: " + finding.where + ": " + finding.what;
  return {};
}

// Every record of every volume, in order, as a foreign reader would demand it.
std::string compare_volumes(const Archive& archive) {
  const auto volumes = archive.volumes();
  if (!volumes) return "the volumes cannot be listed: " + volumes.error().text;
  for (const auto& volume : *volumes) {
    const auto file = archive.open(volume.number);
    if (!file) return "a volume cannot be opened: " + file.error().text;
    const auto scan =
        scan_volume(**file, volume.number, {}, [](const ScannedRecord&) { return Result<void>(); });
    if (!scan) return "a volume cannot be read: " + scan.error().text;
    if (!scan->flaws.empty())
      return "volume " + std::to_string(volume.number) + ": " + scan->flaws.front().text;
    if (!scan->tail_is_zero || scan->end != (*file)->size().value_or(0))
      return "volume " + std::to_string(volume.number) + " was not cut after its last record";
  }
  return {};
}

}  // namespace

CrashScript::CrashScript(const fs::path& index_home) : home_(index_home) {
  options.path = home_ / "new" / "store";  // one level more than exists: its name must be made durable too
  options.volume_octets_max = 24 * 1024;
  options.prepare_octets = 0;
  options.commit_wait_us = 0;
}

// --- The day ----------------------------------------------------------------------------------------------

void CrashScript::run(ForgetfulDisk& disk) {
  disk_ = &disk;
  if (start(disk)) first_half();
  stop();
  copy_folder(options.path / "index", home_ / "older");
  if (start(disk)) second_half();
  stop();
  promises_of_day_ = promises_.size();
}

void CrashScript::rewind() {
  promises_.resize(promises_of_day_);
}

bool CrashScript::start(ForgetfulDisk& disk) {
  failed_seen_ = false;
  for (int attempt = 0; attempt < 2 && !store_; ++attempt) {
    faulted_before_open_ = disk.fault_happened();
    auto opened = Store::open(options, disk, clock_, ids_,
                              [this](const std::string& text) { alarms_.push_back(text); });
    if (opened) store_ = std::move(*opened);
  }
  return store_ != nullptr;
}

void CrashScript::stop() {
  if (store_) store_->stop();
  store_.reset();
}

void CrashScript::first_half() {
  send(mail_text("one"));
  send(mail_text("to three"), {"foi", "other", "foi"});
  send_together({mail_text("a"), mail_text("b"), mail_text("a")});
  hand_over_last(1);
  offer();
  stick();
  send(mail_text("one"));  // a duplicate of a durable one
  send(mail_text(std::string(9000, 'x')), {"foi"}, 6000);
  send(mail_text(std::string(9000, 'x')), {"foi"}, 6000);
  requeue(untouched());
  hand_over_last(2);
  stick();
}

void CrashScript::second_half() {
  send(mail_text("one"));
  requeue(stuck_);
  // What the archive itself says, inside a mail.
  const auto volume = disk_->content(volume_file(options.path, 1)).value_or("no volume");
  send(mail_text("Fwd: " + volume.substr(0, 5000)));
  send(mail_text(std::string(12000, 'y')));
  send_together({mail_text(std::string(3000, 'z')), mail_text("c"), mail_text("d"), mail_text("e")});
  hand_over_last(3);
  confirm();
  offer();
  send(mail_text("last"), {"other"});
}

void CrashScript::send(const std::string& octets, const std::vector<std::string>& maildrops,
                       std::size_t spool) {
  if (store_->failed() && !failed_seen_) failed_seen_ = ever_failed_ = true;
  promises_.push_back({new_mail(clock_, ids_, octets, maildrops), false});
  const bool was_doomed = doomed();
  auto append = to_append(*store_, clock_, promises_.back().mail, spool);
  if (!append) return note(tl::unexpected(append.error()), was_doomed);
  answered(promises_.size() - 1, push(*store_, std::move(*append)).get(), was_doomed);
}

// One batch: the writer is kept busy with an answer while they are pushed.
void CrashScript::send_together(const std::vector<std::string>& octets) {
  const bool was_doomed = doomed();
  std::promise<void> busy, all_pushed;
  auto held = hand_over(clock_, {});
  held.done = [&busy, &all_pushed](const Result<void>&) {
    busy.set_value();
    all_pushed.get_future().wait();
  };
  store_->append(std::move(held));
  busy.get_future().wait();
  std::vector<std::pair<std::size_t, std::future<Result<void>>>> answers;
  for (const auto& text : octets) {
    promises_.push_back({new_mail(clock_, ids_, text), false});
    auto append = to_append(*store_, clock_, promises_.back().mail);
    answers.emplace_back(promises_.size() - 1, push(*store_, std::move(*append)));
  }
  all_pushed.set_value();
  for (auto& [promise, answer] : answers)
    answered(promise, answer.get(), was_doomed);
}

void CrashScript::hand_over_last(std::size_t count) {
  std::vector<std::pair<MessageId, Uid>> taken;
  for (auto promise = promises_.rbegin(); promise != promises_.rend() && taken.size() < count; ++promise)
    if (promise->acknowledged && !hand_overs_.contains(uid_text(promise->mail.uids[0])) &&
        !moves_.concern(promise->mail.uids[0]))
      taken.emplace_back(promise->mail.message, promise->mail.uids[0]);
  if (taken.empty()) return;
  for (const auto& [message, uid] : taken)
    hand_overs_[uid_text(uid)];
  const bool was_doomed = doomed();
  const auto result = push(*store_, hand_over(clock_, taken)).get();
  note(result, was_doomed);
  for (const auto& [message, uid] : taken)
    hand_overs_[uid_text(uid)].acknowledged = result.has_value();
}

const Mail* CrashScript::untouched() const {
  for (auto promise = promises_.rbegin(); promise != promises_.rend(); ++promise) {
    const auto& uid = promise->mail.uids[0];
    if (promise->acknowledged && !hand_overs_.contains(uid_text(uid)) && !moves_.concern(uid))
      return &promise->mail;
  }
  return nullptr;
}

void CrashScript::offer() {
  const auto* mail = untouched();
  if (mail)
    befall(
        {Offered{mail->uids[0], mail->message, clock_.now(), "pop3", OfferOutcome::retrieved, "stumbled"}});
}

void CrashScript::stick() {
  const auto* mail = untouched();
  if (!mail) return;
  befall({Offered{mail->uids[0], mail->message, clock_.now(), "pop3", OfferOutcome::dropped, {}},
          Stuck{mail->uids[0], mail->message, clock_.now(), "pop3", "offered too often"}});
  stuck_ = mail;
}

void CrashScript::requeue(const Mail* mail) {
  if (!mail) return;
  auto again = std::get<Delivered>(facts_of(*mail, clock_.now()).at(1));
  again.uid = {ids_.mint(clock_.now())};
  befall({Requeued{mail->uids[0], mail->message, clock_.now(), "root", "lost", again.uid}, again});
}

void CrashScript::confirm() {
  for (const auto& promise : promises_) {
    const auto& uid = promise.mail.uids[0];
    if (!hand_overs_.contains(uid_text(uid))) continue;
    return befall({Confirmed{uid, promise.mail.message, clock_.now(), "reconcile"}});
  }
}

void CrashScript::befall(std::vector<Fact> facts) {
  const bool was_doomed = doomed();
  const auto result = push(*store_, {.body = {}, .facts = facts, .done = nullptr}).get();
  note(result, was_doomed);
  moves_.said(facts, result.has_value());
}

void CrashScript::answered(std::size_t promise, const Result<void>& result, bool was_doomed) {
  promises_[promise].acknowledged = result.has_value();
  note(result, was_doomed);
}

// What was given to the store before the sync failed may still be answered: its own sync came first.
bool CrashScript::doomed() const {
  return disk_->fault_happened() && disk_->fault_was_in_sync() && !faulted_before_open_;
}

void CrashScript::note(const Result<void>& result, bool was_doomed) {
  if (!result) ++refused_;
  if (result && was_doomed) acknowledged_after_failed_sync_ = true;
  if (result && failed_seen_) acknowledged_after_failure_ = true;
  if (store_->failed()) failed_seen_ = ever_failed_ = true;
}

// --- The oracle
// ---------------------------------------------------------------------------------------------

std::string CrashScript::check(Disk& disk) {
  auto opened = Store::open(options, disk, clock_, ids_, [](const std::string&) {});
  if (!opened) return "the store does not open: " + opened.error().text;
  auto problem = compare(**opened);
  (*opened)->stop();
  if (problem.empty()) problem = compare_volumes((*opened)->archive());
  return problem.empty() ? verified((*opened)->archive()) : problem;
}

std::string CrashScript::check_and_go_on(Disk& disk) {
  auto opened = Store::open(options, disk, clock_, ids_, [](const std::string&) {});
  if (!opened) return "the store does not open: " + opened.error().text;
  if (auto problem = compare(**opened); !problem.empty()) return problem;
  // The same octets as before: what is referred to must be as durable as what refers to it.
  std::vector<std::string> again{mail_text("after"), mail_text("one"), mail_text(std::string(9000, 'x')),
                                 promises_.empty() ? mail_text("none") : promises_.back().mail.octets};
  for (const auto& octets : again) {
    promises_.push_back({new_mail(clock_, ids_, octets), false});
    auto append = to_append(**opened, clock_, promises_.back().mail);
    const auto result = push(**opened, std::move(*append)).get();
    if (!result) return "after the restart a mail is refused: " + result.error().text;
    promises_.back().acknowledged = true;
  }
  return {};
}

std::string CrashScript::compare(Store& store) {
  std::map<std::string, int> waiting;
  for (const auto* maildrop : {"foi", "other"}) {
    const auto rows = store.waiting(maildrop, 0);
    if (!rows) return "waiting() fails: " + rows.error().text;
    for (const auto& row : *rows)
      if (++waiting[uid_text(row.uid)] > 1) return "a UID is listed twice: " + uid_text(row.uid);
  }
  for (const auto& promise : promises_)
    if (auto problem = compare_mail(store, promise, waiting); !problem.empty()) return problem;
  for (const auto& [uid, state] : hand_overs_)
    if (state.acknowledged && waiting.contains(uid)) return "handed over, and listed: " + uid;
  if (auto problem = moves_.compare(store, waiting); !problem.empty()) return problem;
  std::size_t expected = 0;
  for (const auto& uid : moves_.made())
    expected += waiting.contains(uid_text(uid)) ? 1 : 0;
  for (const auto& promise : promises_)
    for (const auto& uid : promise.mail.uids)
      expected += waiting.contains(uid_text(uid)) ? 1 : 0;
  return expected == waiting.size() ? std::string() : "a delivery is listed that nobody asked for";
}

std::string CrashScript::compare_mail(Store& store, const Promise& promise,
                                      const std::map<std::string, int>& waiting) {
  const auto& mail = promise.mail;
  const auto row = store.message(mail.message);
  if (!row) return "message() fails: " + row.error().text;
  const auto deliveries = store.deliveries(mail.message);
  if (!deliveries) return "deliveries() fails: " + deliveries.error().text;
  if (!*row && promise.acknowledged) return "lost: " + message_text(mail.message);
  const auto expected = *row ? mail.uids.size() : 0;
  const auto made_later = std::ranges::count_if(
      *deliveries, [this](const DeliveryRow& delivery) { return moves_.made().contains(delivery.uid); });
  if (deliveries->size() - static_cast<std::size_t>(made_later) != expected)
    return "half there: " + message_text(mail.message);
  if (!*row) return {};
  if ((*row)->digest != mail.digest()) return "of another digest: " + message_text(mail.message);
  for (const auto& uid : mail.uids)
    if (!waiting.contains(uid_text(uid)) && !hand_overs_.contains(uid_text(uid)) && !moves_.may_hide(uid))
      return "there, and not listed: " + uid_text(uid);
  return compare_body(store, mail);
}

std::string CrashScript::compare_body(Store& store, const Mail& mail) {
  const auto place = store.body(mail.digest());
  if (!place || !*place) return "without octets: " + message_text(mail.message);
  std::string octets((*place)->size_octets, '\0');
  if (auto got = store.archive().read(**place, 0, octets); !got)
    return "octets cannot be read: " + got.error().text;
  return octets == mail.octets ? std::string() : "of other octets: " + message_text(mail.message);
}

// --- The index
// ----------------------------------------------------------------------------------------------

bool CrashScript::has_older_index() const {
  return fs::exists(home_ / "older");
}

void CrashScript::use_older_index() const {
  copy_folder(home_ / "older", options.path / "index");
}

void CrashScript::delete_index() const {
  std::error_code ignored;
  fs::remove_all(options.path / "index", ignored);
}

void CrashScript::keep_index() const {
  copy_folder(options.path / "index", home_ / "kept");
}

void CrashScript::restore_index() const {
  copy_folder(home_ / "kept", options.path / "index");
}

std::size_t CrashScript::acknowledged() const {
  return static_cast<std::size_t>(
      std::count_if(promises_.begin(), promises_.end(), [](const Promise& p) { return p.acknowledged; }));
}

}  // namespace guichet::store
