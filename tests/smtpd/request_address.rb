# Reads an address on each line as Alaveteli's documented rules say (Ruby's regexps, Integer() and downcase do
# the reading), and writes what an exact match and a guess make of it:
#   exact id, or "-"; then whether it has the shape; then the guessed id, or "-"; then the guessed hash
# The secret is the argument.
require "digest"

# Ruby's integers have no end; those of ids do.
def integer(text)
  number = text && Integer(text, exception: false)
  number unless number && number >= 2**64
end

def as_digits(text)
  text && text.tr("lo", "10")
end

$stdout.sync = false
$stdin.binmode
$stdin.each_line(chomp: true) do |line|
  text = line.force_encoding("UTF-8").downcase
  shape = /request-(?:bounce-)?([a-z0-9]+)-([a-z0-9]+)/.match(text)
  id, hash = shape && integer(shape[1]), shape && as_digits(shape[2])
  exact = id && hash == Digest::SHA1.hexdigest("#{id}#{ARGV[0]}")[0, 8]
  if id.nil?
    run = /request\-?(\w+)-?(\w{8})@/.match(text)
    id = run && integer(as_digits(run[1]))
    local_part = text.split("@", 2).first.to_s
    hash = as_digits(run ? run[2] : local_part[-8..])
  end
  puts [exact ? id : "-", shape ? "shape" : "-", id || "-", hash].join(" ").rstrip
end
