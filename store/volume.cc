#include "store/volume.h"

#include <algorithm>
#include <array>

#include "store/archive.h"
#include "store/thread_kind.h"

namespace guichet::store {
namespace {

constexpr std::size_t zeros_octets = 256 * 1024;
constexpr std::size_t copy_octets = 1 << 20;

tl::unexpected<CommitError> failed(Error error, bool sync_failed) {
  return tl::unexpected(CommitError{std::move(error), sync_failed});
}

// Where one call is a write and a sync, a lack of space or of descriptors is not the sync's failure; anything
// else may be, and then is.
bool may_be_of_sync(const Error& error) {
  return error.kind != ErrorKind::no_space && error.kind != ErrorKind::no_files;
}

VolumeInfo info_of(const ActiveVolume::Options& options) {
  return {.format = volume_format,
          .previous_volume = options.previous.volume,
          .previous_length = options.previous.length,
          .previous_chain = options.previous.chain};
}

}  // namespace

// --- Preparer ------------------------------------------------------------------------------------------

Preparer::Preparer(std::unique_ptr<File> file, std::uint64_t step_octets, std::uint64_t end, HasRoom has_room)
    : file_(std::move(file)),
      step_octets_(step_octets),
      has_room_(std::move(has_room)),
      prepared_(end),
      thread_([this] { run(); }) {
  wrote(end);
}

Preparer::~Preparer() {
  stop();
}

void Preparer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<Error> Preparer::sync_failure() const {
  const std::lock_guard lock(mutex_);
  return sync_failure_;
}

void Preparer::claim(std::uint64_t end) {
  std::unique_lock lock(mutex_);
  if (end <= prepared_) return;
  changed_.wait(lock, [this] { return filling_ == 0; });
  prepared_ = std::max(prepared_, end);
}

void Preparer::wrote(std::uint64_t end) {
  {
    const std::lock_guard lock(mutex_);
    if (end + step_octets_ / 2 < prepared_) return;
    wanted_ = end + step_octets_;
  }
  changed_.notify_all();
}

void Preparer::run() {
  works_in_batches("store-prepare");
  std::unique_lock lock(mutex_);
  while (!stop_) {
    changed_.wait(lock, [this] { return stop_ || wanted_ > prepared_; });
    if (stop_) return;
    const auto from = prepared_;
    filling_ = std::min(wanted_, from + step_octets_);
    lock.unlock();
    const bool filled = fill(from, filling_);
    lock.lock();
    // No room, or a write that fails: the writer finds out by itself, and in time for a reply.
    if (filled) prepared_ = filling_;
    if (!filled) wanted_ = 0;
    filling_ = 0;
    changed_.notify_all();
  }
}

bool Preparer::fill(std::uint64_t from, std::uint64_t to) {
  static const std::array<char, zeros_octets> zeros{};
  if (!has_room_(to - from)) return false;
  for (auto at = from; at < to;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), to - at));
    const iovec piece{const_cast<char*>(zeros.data()), count};
    if (!file_->write_at({&piece, 1}, at)) return false;
    at += count;
  }
  return sync();
}

// Remembered here, and not left to the kernel's telling the writer's descriptor as well: when and whether it
// does depends on the kernel and the file system.
bool Preparer::sync() {
  auto synced = file_->sync_data();
  if (synced) return true;
  if (!may_be_of_sync(synced.error())) return false;
  const std::lock_guard lock(mutex_);
  sync_failure_ = std::move(synced.error());
  return false;
}

// --- ActiveVolume --------------------------------------------------------------------------------------

ActiveVolume::ActiveVolume(std::unique_ptr<File> file, BatchPosition position)
    : file_(std::move(file)), position_(position) {}

ActiveVolume::~ActiveVolume() = default;

tl::expected<std::unique_ptr<ActiveVolume>, CommitError> ActiveVolume::create(Disk& disk,
                                                                              const Options& options) {
  const auto path = volume_file(options.store, options.number);
  auto file = disk.create(path);
  if (!file) return failed(file.error(), false);
  BatchPosition position{.end = {options.number, 0},
                         .chain = options.previous.chain,
                         .warcinfo_id = options.warcinfo_id,
                         .batch = 0};
  const auto octets =
      encode_warcinfo(position, encode_volume_info(info_of(options), options.number), options.now);
  const iovec piece{const_cast<char*>(octets.data()), octets.size()};
  auto made = (*file)->write_durably({&piece, 1}, 0);
  // A name that is not synced is no name after a power cut.
  if (made) made = disk.sync_folder(path.parent_path());
  if (!made) {
    (void)disk.remove(path);
    return failed(made.error(), may_be_of_sync(made.error()));
  }
  auto volume = std::unique_ptr<ActiveVolume>(new ActiveVolume(std::move(*file), position));
  volume->prepare(disk, options);
  return volume;
}

// Without a descriptor to spare the volume does without zeros: it is slower then, and as safe.
void ActiveVolume::prepare(Disk& disk, const Options& options) {
  if (options.prepare_octets == 0) return;
  auto file = disk.open_write(volume_file(options.store, options.number));
  if (!file) return;
  preparer_ = std::make_unique<Preparer>(std::move(*file), options.prepare_octets, position_.end.offset,
                                         options.has_room);
}

BatchPosition ActiveVolume::position() const {
  return position_;
}

tl::expected<void, CommitError> ActiveVolume::commit(const Batch& batch) {
  if (preparer_) preparer_->claim(batch.end().end.offset);
  if (auto well = zeros_are_well(); !well) return well;
  if (auto wrote = write(batch); !wrote) return wrote;
  if (auto well = zeros_are_well(); !well) return well;  // it may have failed meanwhile
  position_ = batch.end();
  if (preparer_) preparer_->wrote(position_.end.offset);
  return {};
}

tl::expected<void, CommitError> ActiveVolume::zeros_are_well() const {
  if (!preparer_) return {};
  auto failure = preparer_->sync_failure();
  if (!failure) return {};
  return failed(std::move(*failure), true);
}

tl::expected<void, CommitError> ActiveVolume::write(const Batch& batch) {
  auto offset = position_.end.offset;
  if (!batch.has_spool()) {
    auto wrote = file_->write_durably(batch.segments().front().pieces, offset);
    if (wrote) return {};
    return failed(wrote.error(), may_be_of_sync(wrote.error()));
  }
  for (const auto& segment : batch.segments()) {
    if (auto wrote = file_->write_at(segment.pieces, offset); !wrote) return failed(wrote.error(), false);
    for (const auto& piece : segment.pieces)
      offset += piece.iov_len;
    if (!segment.spool) continue;
    if (auto copied = copy_spool(*segment.spool, offset); !copied) return failed(copied.error(), false);
    offset += segment.spool->spooled_octets();
  }
  if (auto synced = file_->sync_data(); !synced) return failed(synced.error(), true);
  return {};
}

Result<void> ActiveVolume::copy_spool(const Body& body, std::uint64_t offset) {
  std::string buffer(copy_octets, '\0');
  for (std::uint64_t done = 0; done < body.spooled_octets();) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(copy_octets, body.spooled_octets() - done));
    const auto got = body.read_spool(std::span(buffer).first(count), done);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return fail(ErrorKind::damaged, "a spool file is shorter than what was written to it");
    const iovec piece{buffer.data(), *got};
    if (auto wrote = file_->write_at({&piece, 1}, offset + done); !wrote) return wrote;
    done += *got;
  }
  return {};
}

// The cut is durable before the mark is made: a volume that is marked is never cut by recovery.
tl::expected<Tip, CommitError> ActiveVolume::seal() {
  if (preparer_) preparer_->stop();
  if (auto well = zeros_are_well(); !well) return tl::unexpected(well.error());
  preparer_.reset();
  auto cut = file_->truncate(position_.end.offset);
  if (!cut) return failed(cut.error(), false);
  if (auto synced = file_->sync(); !synced) return failed(synced.error(), true);
  if (auto marked = file_->make_read_only(); !marked) return failed(marked.error(), false);
  if (auto synced = file_->sync(); !synced) return failed(synced.error(), true);
  return Tip{position_.end.volume, position_.end.offset, position_.chain};
}

}  // namespace guichet::store
