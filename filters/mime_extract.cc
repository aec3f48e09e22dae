#include "filters/mime_extract.h"

namespace guichet::filters {

bool extract(std::string_view octets, const PartFinding& part, const OctetSink& sink) {
  if (part.offset > octets.size() || part.length > octets.size() - part.offset) return false;
  static_cast<void>(decode(octets.substr(part.offset, part.length), transfer_encoding(part.encoding), sink));
  return true;
}

}  // namespace guichet::filters
