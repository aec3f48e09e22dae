// What the imports of a Maildir and of an mbox share: reading as the caller may, for whom a message is, and
// what is said at the end.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/act.h"
#include "cli/header_fields.h"
#include "cli/import.h"
#include "cli/import_batch.h"
#include "cli/import_clues.h"
#include "smtpd/policy.h"
#include "store/error.h"

namespace guichet::cli {

// A file of the caller's, opened with the caller's rights; nothing but a plain one.
class ImportFile {
 public:
  explicit ImportFile(const std::filesystem::path& path);
  ~ImportFile();
  ImportFile(const ImportFile&) = delete;
  ImportFile& operator=(const ImportFile&) = delete;

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }  // if not, errno says why
  [[nodiscard]] std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }
  [[nodiscard]] store::Instant modified() const;
  // Empty at the end. The view lasts until the buffer changes.
  [[nodiscard]] store::Result<std::string_view> read(std::string& buffer) const;

 private:
  int fd_ = -1;
  struct stat status_ {};
};

// One run. References must outlive it.
class Import {
 public:
  // `from`: "maildir" or "mbox", for the record.
  Import(Acting& acting, const conf::Settings& settings, const ImportOptions& options, std::string from);

  ImportBatch& batch() { return batch_; }
  // The message whose octets were added to the batch: for whom it is, or left out with a word.
  [[nodiscard]] store::Result<void> end(ImportBatch::Description message,
                                        const std::vector<HeaderField>& fields);
  // Says how many; the exit code.
  [[nodiscard]] int summary(const store::Result<void>& done) const;

 private:
  const ImportOptions& options_;
  const smtpd::Policy policy_;
  const IsOurs is_ours_;
  ImportCounts counts_;
  ImportBatch batch_;
};

// False: it was said that there is none.
[[nodiscard]] bool names_a_maildrop(const conf::Settings& settings, const ImportOptions& options);

}  // namespace guichet::cli
