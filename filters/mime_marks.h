// What a part looks like from its decoded octets: facts that its type may hide.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "filters/compound_file.h"
#include "filters/mime_walk.h"
#include "filters/seven_zip.h"

namespace guichet::filters {

// Sees the octets of one part, in pieces, in a memory of 2 KiB, for 7z archives 18.
class ContentMarks {
 public:
  void see(std::string_view octets);

  // "tnef" (MS-OXTNEF 2.1.1), "smime-signed", "smime-encrypted" (RFC 8551), "pgp-signed", "pgp-encrypted"
  // (RFC 3156, or an armour of RFC 9580 6.2), "encrypted-archive" (zip, rar, 7z, office files with a
  // password), "uuencoded". A signature flags all that it surrounds. Not seen: what is inside archives, and
  // what seven_zip.h and compound_file.h leave out.
  [[nodiscard]] std::vector<std::string> flags(const Entity& entity) const;

 private:
  void see_beginning(std::string_view octets);
  void see_lines(std::string_view octets);
  void see_line();
  void see_zip(std::string_view octets);

  std::string beginning_;  // of the part
  std::string line_;       // the beginning of the line that is being read, if it is
  bool at_line_ = true, reads_line_ = false;
  std::string zip_tail_;  // where a header of an entry may have begun in the piece before
  SevenZipMarks seven_zip_;
  CompoundFileMarks compound_file_;
  bool uuencoded_ = false, pgp_signed_ = false, pgp_encrypted_ = false, zip_encrypted_ = false;
};

// Of the beginning of an archive: that its list, or its first file, is encrypted.
[[nodiscard]] bool is_encrypted_rar(std::string_view beginning);

}  // namespace guichet::filters
