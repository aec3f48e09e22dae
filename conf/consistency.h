// What no key can say alone: a site whose maildrop does not exist, a certificate without its key.
#pragma once

#include "conf/report.h"
#include "conf/settings.h"

namespace guichet::conf {

void check_consistency(const Settings& settings, Report& report);

}  // namespace guichet::conf
