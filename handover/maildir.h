// Into a Maildir (https://cr.yp.to/proto/maildir.html): written and synced in tmp/, renamed into new/.
//
// A name is made of the delivery alone, so it is the same at each attempt: a message that is in new/ or cur/
// already, since a crash came between the rename and our record of it, is known by its uid and not delivered
// twice. (Unless somebody has read and removed it in between.)
#pragma once

#include <filesystem>
#include <memory>
#include <set>

#include "handover/driver.h"
#include "store/disk.h"

namespace guichet::handover {

class MaildirDriver final : public Driver {
 public:
  // `host`: for the names (RFC 1123; a slash or colon in it is replaced).
  MaildirDriver(store::Disk& disk, std::filesystem::path folder, const std::string& host);

  [[nodiscard]] store::Way way() const override { return store::Way::maildir; }
  [[nodiscard]] std::string target() const override { return "maildir " + folder_.string(); }
  [[nodiscard]] Outcome hand_over(const Item& item, store::ServedMessage& octets,
                                  const std::stop_token& stop) override;

 private:
  [[nodiscard]] std::string name_of(const Item& item) const;
  store::Result<void> prepare();
  store::Result<void> remember(const std::filesystem::path& folder);
  store::Result<void> sweep();
  store::Result<void> write(const std::filesystem::path& file, store::ServedMessage& octets);

  store::Disk& disk_;
  const std::filesystem::path folder_;
  const std::string host_;
  bool prepared_ = false;
  std::set<store::Uuid> present_;  // ours, delivered before or found in new/ and cur/ at the start
};

}  // namespace guichet::handover
