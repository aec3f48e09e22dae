#include "conf/declaration_refusals.h"

#include "conf/place.h"

namespace guichet::conf {

Section refusals_section() {
  return {
      .name = "refusals",
      .doc =
          "What is kept of mail that was refused, so that \"we answered you\" can be looked up: guichet "
          "refusals. It is not mail, but it names people.",
      .options = {
          {.key = "keep_days",
           .place = at(&Settings::refusals, &RefusalsSettings::keep_days),
           .form = Number{.min = 0, .max = 36'500, .unit = "days"},
           .doc = "A day of refusals is deleted, whole, after so many days: this is what you can promise "
                  "whoever "
                  "asks for erasure. 0: none are kept."},
          {.key = "per_client_per_minute_max",
           .place = at(&Settings::refusals, &RefusalsSettings::per_client_per_minute_max),
           .form = Number{.min = 1, .max = 100'000, .unit = {}},
           .doc =
               "More refusals of one client (in IPv6 of one /64) within a minute are counted and not kept."},
          {.key = "per_minute_max",
           .place = at(&Settings::refusals, &RefusalsSettings::per_minute_max),
           .form = Number{.min = 1, .max = 1'000'000, .unit = {}},
           .doc = "The same for all clients together."},
          {.key = "octets_per_day_max",
           .place = at(&Settings::refusals, &RefusalsSettings::octets_per_day_max),
           .form = Number{.min = 64ull << 10, .max = 64ull << 30, .unit = "octets"},
           .doc = "And the same for a day, in octets on the disk; one refusal takes about 1,200. Times "
                  "keep_days it is the most that a flood can fill."},
      }};
}

}  // namespace guichet::conf
