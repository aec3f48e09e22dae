// Compound files (MS-CFB, "OLE2") in which an office file with a password is kept (MS-OFFCRYPTO 2.3.4): they
// have a stream of the name EncryptedPackage. So have those that are protected by rights management (2.2).
//
// The directory is found by the form of its entries, wherever they stand, and not by its chain of sectors:
// that may lead backwards, and nothing is kept here; so there is no loop to be led into either. An entry
// begins at a multiple of 128 octets, as sectors are of 512 or 4,096 (MS-CFB 2.2). A compound file inside
// another one is seen too, where it is not cut in small pieces. Not seen: the older encryption inside .doc,
// .xls and .ppt, which has no such name.
#pragma once

#include <string>
#include <string_view>

namespace guichet::filters {

// Sees the octets of one part, in pieces, once, in a memory of 128 octets.
class CompoundFileMarks {
 public:
  void see(std::string_view octets);

  [[nodiscard]] bool encrypted() const { return encrypted_; }

 private:
  void see_block(std::string_view block);

  std::string block_;  // as much as there is of the block that is being read
  bool at_beginning_ = true, ended_ = false, encrypted_ = false;
};

}  // namespace guichet::filters
