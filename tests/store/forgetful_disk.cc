#include "tests/store/forgetful_disk.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "tests/store/forgetful_node.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t unlimited = UINT64_MAX;

}  // namespace

// --- The disk's state
// -----------------------------------------------------------------------------------------

struct ForgetfulDisk::State {
  mutable std::mutex mutex;
  std::shared_ptr<Node> root = std::make_shared<Node>();
  std::set<std::string> locked;
  std::uint64_t calls = 0, steps = 0;
  std::uint64_t power_until = unlimited;
  std::optional<Fault> fault;
  bool fault_happened = false, fault_was_in_sync = false;
  std::string fault_text;
  std::uint64_t room = unlimited;
  std::uint64_t room_for_files = unlimited;
  std::uint64_t ignores_sync_data_from = unlimited;
  bool ignores_sync_folder = false;
  bool tells_errors_once = false;
  std::vector<std::string> trace;

  [[nodiscard]] bool ignores_sync_data() const { return steps > ignores_sync_data_from; }
  [[nodiscard]] bool has_power() const { return steps <= power_until; }

  // What is to happen to a call.
  enum class Fate { works, dies_midway, fails };
  struct Sentence {
    Fate fate = Fate::works;
    Error error;
    std::uint64_t seed = 0;  // of a fault
  };

  Sentence read_call(const char* what) { return judge(what, false); }
  Sentence step(const std::string& what, bool is_sync = false) {
    auto sentence = judge(what, is_sync);
    if (sentence.fate == Fate::works && steps++ == power_until)
      sentence = {Fate::dies_midway, {ErrorKind::io, "the power went during " + what}, 0};
    trace.push_back(what + (sentence.fate == Fate::works ? "" : " !"));
    return sentence;
  }

  Sentence judge(const std::string& what, bool is_sync) {
    const auto call = calls++;
    if (!has_power()) return {Fate::fails, {ErrorKind::io, "no power for " + what}, 0};
    if (!fault || fault_happened || call < fault->call) return {};
    if (fault->what.empty() ? call > fault->call : !what.starts_with(fault->what)) return {};
    fault_happened = true;
    fault_was_in_sync = is_sync;
    fault_text = what;
    return {Fate::fails, {fault->kind, "injected into " + what}, fault->seed};
  }

  [[nodiscard]] std::shared_ptr<Node> find(const fs::path& path) const {
    auto node = root;
    for (const auto& part : path.relative_path()) {
      if (part.empty()) continue;
      const auto found = node->names.find(part.string());
      if (found == node->names.end()) return nullptr;
      node = found->second;
    }
    return node;
  }

  void make_folders(const fs::path& path) {
    auto node = root;
    for (const auto& part : path.relative_path()) {
      if (part.empty()) continue;
      auto& child = node->names[part.string()];
      if (!child) {
        child = std::make_shared<Node>();
        child->is_folder = true;
        node->names_pending.push_back({{{part.string(), child}}});
      }
      node = child;
    }
  }

  // How much of a write of `octets` at `offset` still finds room.
  std::uint64_t take_room(const Node& node, std::uint64_t offset, std::uint64_t octets) {
    if (room == unlimited) return octets;
    const auto size = node.cached.size();
    const auto old = offset < size ? std::min<std::uint64_t>(octets, size - offset) : 0;
    const auto hole = offset > size ? offset - size : 0;
    const auto growth = std::min(octets - old, room - std::min(room, hole));
    room -= growth;
    return old + growth;
  }
  void give_room(std::uint64_t octets) {
    if (room != unlimited) room += octets;
  }
};

namespace {

using State = ForgetfulDisk::State;

class ForgetfulFile final : public File {
 public:
  ForgetfulFile(std::shared_ptr<State> state, std::shared_ptr<Node> node, std::string name, bool may_write)
      : state_(std::move(state)), node_(std::move(node)), name_(std::move(name)), may_write_(may_write) {
    errors_told_ = node_->errors;
  }

  Result<std::size_t> read_at(std::span<char> into, std::uint64_t offset) const override {
    const std::lock_guard lock(state_->mutex);
    if (auto s = state_->read_call("read"); s.fate != State::Fate::works) return tl::unexpected(s.error);
    if (offset >= node_->cached.size()) return std::size_t{0};
    return node_->cached.copy(into.data(), into.size(), static_cast<std::size_t>(offset));
  }

  Result<void> write_at(std::span<const iovec> pieces, std::uint64_t offset) override {
    const std::lock_guard lock(state_->mutex);
    return write(state_->step("write " + name_ + at(pieces, offset)), pieces, offset);
  }

  Result<void> write_durably(std::span<const iovec> pieces, std::uint64_t offset) override {
    const std::lock_guard lock(state_->mutex);
    const auto sentence = state_->step("write_durably " + name_ + at(pieces, offset), true);
    const bool sync_half = sentence.fate == State::Fate::fails && sentence.error.kind == ErrorKind::io &&
                           sentence.seed % 2 == 0 && state_->has_power();
    if (!sync_half) {
      if (auto wrote = write(sentence, pieces, offset); !wrote) return wrote;
      return finish_sync();
    }
    (void)write({}, pieces, offset);
    return drop(sentence.error);
  }

  Result<void> sync_data() override {
    const std::lock_guard lock(state_->mutex);
    return sync_with(state_->step("sync_data " + name_, true));
  }

  Result<void> sync() override {
    const std::lock_guard lock(state_->mutex);
    auto synced = sync_with(state_->step("sync " + name_, true));
    if (synced && !state_->ignores_sync_data()) node_->read_only_durable = node_->read_only;
    return synced;
  }

  Result<std::uint64_t> size() const override {
    const std::lock_guard lock(state_->mutex);
    if (auto s = state_->read_call("size"); s.fate != State::Fate::works) return tl::unexpected(s.error);
    return node_->cached.size();
  }

  Result<void> truncate(std::uint64_t size) override {
    const std::lock_guard lock(state_->mutex);
    if (!may_write_) return fail(ErrorKind::io, "truncate: " + name_ + " is open for reading only");
    const auto sentence = state_->step("truncate " + name_ + " " + std::to_string(size));
    if (sentence.fate == State::Fate::fails) return tl::unexpected(sentence.error);
    if (size < node_->cached.size()) state_->give_room(node_->cached.size() - size);
    node_->pending.push_back({0, {}, size});
    apply_change(node_->cached, node_->pending.back());
    return result(sentence);
  }

  Result<void> make_read_only() override {
    const std::lock_guard lock(state_->mutex);
    const auto sentence = state_->step("make_read_only " + name_);
    if (sentence.fate == State::Fate::fails) return tl::unexpected(sentence.error);
    node_->read_only = true;
    return result(sentence);
  }

  Result<bool> is_read_only() const override {
    const std::lock_guard lock(state_->mutex);
    if (auto s = state_->read_call("is_read_only"); s.fate != State::Fate::works)
      return tl::unexpected(s.error);
    return node_->read_only;
  }

 private:
  static std::string at(std::span<const iovec> pieces, std::uint64_t offset) {
    std::size_t octets = 0;
    for (const auto& piece : pieces)
      octets += piece.iov_len;
    return " " + std::to_string(offset) + "+" + std::to_string(octets);
  }

  static Result<void> result(const State::Sentence& sentence) {
    if (sentence.fate == State::Fate::works) return {};
    return tl::unexpected(sentence.error);
  }

  Result<void> write(const State::Sentence& sentence, std::span<const iovec> pieces, std::uint64_t offset) {
    if (!may_write_) return fail(ErrorKind::io, "write: " + name_ + " is open for reading only");
    std::string octets;
    for (const auto& piece : pieces)
      octets.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    if (sentence.fate == State::Fate::fails)
      octets.resize(state_->has_power() ? sentence.seed % (octets.size() + 1) : 0);
    const auto room = static_cast<std::size_t>(state_->take_room(*node_, offset, octets.size()));
    const bool full = room < octets.size();
    octets.resize(room);
    if (!octets.empty()) {
      node_->pending.push_back({offset, std::move(octets), std::nullopt});
      apply_change(node_->cached, node_->pending.back());
    }
    if (full) return fail(ErrorKind::no_space, "no room for " + name_);
    return result(sentence);
  }

  Result<void> sync_with(const State::Sentence& sentence) {
    if (sentence.fate == State::Fate::works) return finish_sync();
    if (sentence.fate == State::Fate::fails && state_->has_power()) return drop(sentence.error);
    return tl::unexpected(sentence.error);
  }

  Result<void> finish_sync() {
    if (errors_told_ != node_->errors) {
      errors_told_ = node_->errors;
      return fail(ErrorKind::io, "an earlier write-back failed: " + name_);
    }
    if (!state_->ignores_sync_data()) node_->sync_octets();
    return {};
  }

  Result<void> drop(const Error& error) {
    node_->pending.clear();
    if (!state_->tells_errors_once) errors_told_ = ++node_->errors;
    return tl::unexpected(error);
  }

  const std::shared_ptr<State> state_;
  const std::shared_ptr<Node> node_;
  const std::string name_;
  const bool may_write_;
  std::uint64_t errors_told_ = 0;
};

class ForgetfulLock final : public FolderLock {
 public:
  ForgetfulLock(std::shared_ptr<State> state, std::string name)
      : state_(std::move(state)), name_(std::move(name)) {}
  ~ForgetfulLock() override {
    const std::lock_guard lock(state_->mutex);
    state_->locked.erase(name_);
  }

 private:
  const std::shared_ptr<State> state_;
  const std::string name_;
};

Result<void> absent(const char* what, const fs::path& path) {
  return fail(ErrorKind::absent, std::string("cannot ") + what + " " + path.string() + ": no such file");
}

}  // namespace

// --- The disk ---------------------------------------------------------------------------------------------

ForgetfulDisk::ForgetfulDisk(const fs::path& existing) : state_(std::make_shared<State>()) {
  state_->root->is_folder = true;
  state_->make_folders(existing);
  for (auto node = state_->root; !node->names.empty(); node = node->names.begin()->second) {
    node->names_durable = node->names;
    node->names_pending.clear();
  }
}

ForgetfulDisk::ForgetfulDisk(std::shared_ptr<State> state) : state_(std::move(state)) {}
ForgetfulDisk::~ForgetfulDisk() = default;

Result<std::unique_ptr<File>> ForgetfulDisk::open(const fs::path& path, bool to_write) {
  const std::lock_guard lock(state_->mutex);
  if (auto s = state_->read_call("open"); s.fate != State::Fate::works) return tl::unexpected(s.error);
  const auto node = state_->find(path);
  if (!node) return tl::unexpected(absent("open", path).error());
  // As for an ordinary user; root would be let in.
  if (to_write && node->read_only)
    return fail(ErrorKind::io, "cannot open " + path.string() + ": Permission denied");
  return std::make_unique<ForgetfulFile>(state_, node, path.filename().string(), to_write);
}

Result<std::unique_ptr<File>> ForgetfulDisk::open_read(const fs::path& path) {
  return open(path, false);
}

Result<std::unique_ptr<File>> ForgetfulDisk::open_write(const fs::path& path) {
  return open(path, true);
}

Result<std::unique_ptr<File>> ForgetfulDisk::create(const fs::path& path) {
  const std::lock_guard lock(state_->mutex);
  const auto sentence = state_->step("create " + path.filename().string());
  if (sentence.fate == State::Fate::fails) return tl::unexpected(sentence.error);
  const auto folder = state_->find(path.parent_path());
  if (!folder) return tl::unexpected(absent("create", path).error());
  const auto name = path.filename().string();
  if (folder->names.contains(name))
    return fail(ErrorKind::io, "cannot create " + path.string() + ": File exists");
  auto node = std::make_shared<Node>();
  folder->set_names({{{name, node}}});
  if (sentence.fate != State::Fate::works) return tl::unexpected(sentence.error);
  return std::make_unique<ForgetfulFile>(state_, node, name, true);
}

Result<void> ForgetfulDisk::make_writable(const fs::path& path) {
  const std::lock_guard lock(state_->mutex);
  const auto sentence = state_->step("make_writable " + path.filename().string());
  if (sentence.fate == State::Fate::fails) return tl::unexpected(sentence.error);
  const auto node = state_->find(path);
  if (!node) return absent("make writable", path);
  node->read_only = false;
  if (sentence.fate != State::Fate::works) return tl::unexpected(sentence.error);
  return {};
}

Result<void> ForgetfulDisk::remove(const fs::path& path) {
  const std::lock_guard lock(state_->mutex);
  const auto node = state_->find(path);
  if (!node) {
    const auto s = state_->read_call("remove");
    return s.fate == State::Fate::works ? absent("remove", path) : tl::unexpected(s.error);
  }
  const auto sentence = state_->step("remove " + path.filename().string());
  if (sentence.fate == State::Fate::fails) return tl::unexpected(sentence.error);
  state_->find(path.parent_path())->set_names({{{path.filename().string(), nullptr}}});
  state_->give_room(node->cached.size());
  if (sentence.fate != State::Fate::works) return tl::unexpected(sentence.error);
  return {};
}

Result<void> ForgetfulDisk::rename(const fs::path& from, const fs::path& to) {
  const std::lock_guard lock(state_->mutex);
  const auto sentence = state_->step("rename " + from.filename().string());
  if (sentence.fate == State::Fate::fails) return tl::unexpected(sentence.error);
  const auto node = state_->find(from);
  const auto folder = state_->find(from.parent_path());
  const auto other = state_->find(to.parent_path());
  if (!node || !folder || !other) return absent("rename", from);
  // Between two folders this disk is worse than real ones: either half may survive without the other.
  if (folder == other) {
    folder->set_names({{{from.filename().string(), nullptr}, {to.filename().string(), node}}});
  } else {
    other->set_names({{{to.filename().string(), node}}});
    folder->set_names({{{from.filename().string(), nullptr}}});
  }
  if (sentence.fate != State::Fate::works) return tl::unexpected(sentence.error);
  return {};
}

Result<std::vector<std::string>> ForgetfulDisk::list(const fs::path& path) {
  const std::lock_guard lock(state_->mutex);
  if (auto s = state_->read_call("list"); s.fate != State::Fate::works) return tl::unexpected(s.error);
  const auto folder = state_->find(path);
  if (!folder) return tl::unexpected(absent("list", path).error());
  std::vector<std::string> names;
  for (const auto& [name, node] : folder->names)
    names.push_back(name);
  return names;
}

Result<void> ForgetfulDisk::make_folder(const fs::path& path) {
  const std::lock_guard lock(state_->mutex);
  const auto sentence = state_->step("make_folder " + path.filename().string());
  if (sentence.fate == State::Fate::fails) return tl::unexpected(sentence.error);
  state_->make_folders(path);
  if (sentence.fate != State::Fate::works) return tl::unexpected(sentence.error);
  return {};
}

Result<void> ForgetfulDisk::sync_folder(const fs::path& path) {
  const std::lock_guard lock(state_->mutex);
  const auto sentence = state_->step("sync_folder " + path.filename().string(), true);
  if (sentence.fate != State::Fate::works) return tl::unexpected(sentence.error);
  const auto folder = state_->find(path);
  if (!folder) return absent("sync folder", path);
  if (state_->ignores_sync_folder) return {};
  folder->names_durable = folder->names;
  folder->names_pending.clear();
  return {};
}

Result<std::unique_ptr<FolderLock>> ForgetfulDisk::lock(const fs::path& file) {
  const std::lock_guard lock(state_->mutex);
  if (auto s = state_->read_call("lock"); s.fate != State::Fate::works) return tl::unexpected(s.error);
  const auto folder = state_->find(file.parent_path());
  if (!folder) return tl::unexpected(absent("lock", file).error());
  const auto name = file.filename().string();
  if (!folder->names.contains(name)) folder->set_names({{{name, std::make_shared<Node>()}}});
  if (!state_->locked.insert(file.string()).second) return fail(ErrorKind::busy, "the store is in use");
  return std::make_unique<ForgetfulLock>(state_, file.string());
}

Result<Disk::Space> ForgetfulDisk::space(const fs::path&) {
  const std::lock_guard lock(state_->mutex);
  if (auto s = state_->read_call("space"); s.fate != State::Fate::works) return tl::unexpected(s.error);
  constexpr std::uint64_t plenty = 1ull << 40;
  return Space{.free_octets = std::min(state_->room, plenty),
               .total_octets = 1 << 20,
               .free_files = state_->room_for_files,
               .total_files = state_->room_for_files == unlimited ? 0U : 1000U};
}

void ForgetfulDisk::cut_power_at(std::uint64_t step) {
  const std::lock_guard lock(state_->mutex);
  state_->power_until = step;
}

std::uint64_t ForgetfulDisk::steps() const {
  const std::lock_guard lock(state_->mutex);
  return state_->steps;
}

void ForgetfulDisk::tell_errors_once() {
  const std::lock_guard lock(state_->mutex);
  state_->tells_errors_once = true;
}

void ForgetfulDisk::inject(const Fault& fault) {
  const std::lock_guard lock(state_->mutex);
  state_->fault = fault;
  state_->fault_happened = state_->fault_was_in_sync = false;
}

std::uint64_t ForgetfulDisk::calls() const {
  const std::lock_guard lock(state_->mutex);
  return state_->calls;
}

bool ForgetfulDisk::fault_happened() const {
  const std::lock_guard lock(state_->mutex);
  return state_->fault_happened;
}

bool ForgetfulDisk::fault_was_in_sync() const {
  const std::lock_guard lock(state_->mutex);
  return state_->fault_was_in_sync;
}

std::string ForgetfulDisk::fault_text() const {
  const std::lock_guard lock(state_->mutex);
  return state_->fault_text;
}

void ForgetfulDisk::set_room(std::uint64_t octets) {
  const std::lock_guard lock(state_->mutex);
  state_->room = octets;
}

void ForgetfulDisk::set_room_for_files(std::uint64_t files) {
  const std::lock_guard lock(state_->mutex);
  state_->room_for_files = files;
}

void ForgetfulDisk::ignore_sync_data(std::uint64_t from_step) {
  const std::lock_guard lock(state_->mutex);
  state_->ignores_sync_data_from = from_step;
}

void ForgetfulDisk::ignore_sync_folder() {
  const std::lock_guard lock(state_->mutex);
  state_->ignores_sync_folder = true;
}

std::unique_ptr<ForgetfulDisk> ForgetfulDisk::power_cut(std::uint64_t seed, Cut mode) const {
  const std::lock_guard lock(state_->mutex);
  auto state = std::make_shared<State>();
  Random random(seed);
  Copies copies;
  state->root = after_cut(*state_->root, random, mode, copies);
  state->room = state_->room;
  return std::unique_ptr<ForgetfulDisk>(new ForgetfulDisk(std::move(state)));
}

std::unique_ptr<ForgetfulDisk> ForgetfulDisk::process_death() const {
  const std::lock_guard lock(state_->mutex);
  auto state = std::make_shared<State>();
  Copies copies;
  state->root = copy_of(state_->root, copies);
  state->room = state_->room;
  return std::unique_ptr<ForgetfulDisk>(new ForgetfulDisk(std::move(state)));
}

std::vector<std::string> ForgetfulDisk::trace() const {
  const std::lock_guard lock(state_->mutex);
  return state_->trace;
}

std::optional<std::string> ForgetfulDisk::content(const fs::path& path) const {
  const std::lock_guard lock(state_->mutex);
  const auto node = state_->find(path);
  return node ? std::optional(node->cached) : std::nullopt;
}

void ForgetfulDisk::put(const fs::path& path, std::string octets, bool read_only) {
  const std::lock_guard lock(state_->mutex);
  state_->make_folders(path.parent_path());
  auto node = std::make_shared<Node>();
  node->cached = node->durable = std::move(octets);
  node->read_only = node->read_only_durable = read_only;
  const auto folder = state_->find(path.parent_path());
  folder->names[path.filename().string()] = folder->names_durable[path.filename().string()] = node;
}

}  // namespace guichet::store
