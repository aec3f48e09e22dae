// A disk in memory that forgets what was not synced, as a real one does when the power goes. It models
//   - octets, growth and cuts of a file that no sync() or sync_data() followed: lost, kept, or kept in part,
//   sector
//     by sector, in any order;
//   - names made, moved or removed without a sync_folder(): lost or kept, each for itself;
//   - a read-only mark without a sync(): the same;
//   - a sync that fails: what it should have written is dropped, read back as if it were there, and called
//   clean by
//     the next sync. The error is told once to each open file, as Linux tells it.
// Locks end with the power. Every method is thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/disk.h"

namespace guichet::store {

enum class Cut {
  nothing_unsynced,   // only what was synced survives
  everything,         // all of it survives: the machine had a good battery, or only the process died
  sectors,            // any sectors, names and marks survive
  last_write_prefix,  // everything, but of each file's last write only the first sectors
};

class ForgetfulDisk final : public Disk {
 public:
  // `existing` is there from the beginning, durably.
  explicit ForgetfulDisk(const std::filesystem::path& existing);
  ~ForgetfulDisk() override;

  [[nodiscard]] Result<std::unique_ptr<File>> open_read(const std::filesystem::path&) override;
  [[nodiscard]] Result<std::unique_ptr<File>> open_write(const std::filesystem::path&) override;
  [[nodiscard]] Result<void> make_writable(const std::filesystem::path&) override;
  [[nodiscard]] Result<std::unique_ptr<File>> create(const std::filesystem::path&) override;
  [[nodiscard]] Result<void> remove(const std::filesystem::path&) override;
  [[nodiscard]] Result<void> rename(const std::filesystem::path& from,
                                    const std::filesystem::path& to) override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::filesystem::path& folder) override;
  [[nodiscard]] Result<void> make_folder(const std::filesystem::path&) override;
  [[nodiscard]] Result<void> sync_folder(const std::filesystem::path&) override;
  [[nodiscard]] Result<std::unique_ptr<FolderLock>> lock(const std::filesystem::path& file) override;
  [[nodiscard]] Result<Space> space(const std::filesystem::path& folder) override;

  // --- What goes wrong ---------------------------------------------------------------------------------

  // Steps are the calls that change something, counted from 0. The power goes during step `step`: what it
  // writes may or may not arrive, and every later call of any kind fails.
  void cut_power_at(std::uint64_t step);
  [[nodiscard]] std::uint64_t steps() const;

  // Call number `call` (of all calls, reads too, counted from 0) fails once; or, with `what`, the first call
  // from there on that is described so ("sync_data 00000001.warc"). A failing write may have written a part,
  // which one `seed` says.
  struct Fault {
    std::uint64_t call = 0;
    ErrorKind kind = ErrorKind::io;
    std::uint64_t seed = 0;
    std::string what = {};
  };
  void inject(const Fault& fault);
  [[nodiscard]] std::uint64_t calls() const;
  [[nodiscard]] bool fault_happened() const;
  // Whether the fault was in a sync, or in a write that was to be durable.
  [[nodiscard]] bool fault_was_in_sync() const;
  [[nodiscard]] std::string fault_text() const;  // the call

  // Octets that may still be written; what space() says of it. Unlimited at first.
  void set_room(std::uint64_t octets);
  void set_room_for_files(std::uint64_t files);  // of a file system that has 1000; only told, never enforced

  // The mistakes that a crash test must notice, or it proves nothing.
  void ignore_sync_data(std::uint64_t from_step = 0);
  void ignore_sync_folder();

  // Kernels before 4.13, and some file systems still, tell of a failed sync only the file that asked for it.
  void tell_errors_once();

  // The disk as it is found when the power is back.
  [[nodiscard]] std::unique_ptr<ForgetfulDisk> power_cut(std::uint64_t seed, Cut mode) const;
  // The disk as the next process finds it when only this one died: everything is there, and what was not
  // synced is still not.
  [[nodiscard]] std::unique_ptr<ForgetfulDisk> process_death() const;

  // Each step, for the message of a failed test.
  [[nodiscard]] std::vector<std::string> trace() const;

  // --- Around the seam: for tests that do damage by hand --------------------------------------------------

  [[nodiscard]] std::optional<std::string> content(const std::filesystem::path&) const;
  void put(const std::filesystem::path&, std::string octets, bool read_only = false);  // durable at once

  struct State;

 private:
  explicit ForgetfulDisk(std::shared_ptr<State> state);
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, bool to_write);

  std::shared_ptr<State> state_;
};

}  // namespace guichet::store
