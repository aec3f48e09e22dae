// The members of a question to DNS and of its answer (json_fields.h), on the wire and among the findings.
#pragma once

#include <cstddef>

#include "filters/json_fields.h"
#include "filters/names.h"

namespace guichet::filters {

inline constexpr std::size_t records_max = 4'096;
inline constexpr std::size_t record_octets_max = 64 * 1024;  // RFC 1035 4.2.2: no answer is longer

template <class Visit, json::Is<NameQuestion> Shape>
void members(Visit& visit, Shape& question) {
  visit.text("name", question.name, json::name_octets_max);
  visit.word("type", question.type);
}

template <class Visit, json::Is<NameAnswer> Shape>
void members(Visit& visit, Shape& answer) {
  visit.word("outcome", answer.outcome);
  visit.texts("records", answer.records, records_max, record_octets_max);
}

}  // namespace guichet::filters
