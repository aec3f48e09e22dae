# Rails' own Action Mailbox with its relay ingress, as small as it can be: sqlite, files on disk, each message that was
# stored is also written to FOLDER/kept/, by the mailbox that it is routed to.
#
# usage: action_mailbox.rb FOLDER     (prints "port N" when it serves; ends with its standard input)

folder = ARGV.fetch(0)
ENV["RAILS_ENV"] = "production"
ENV["DATABASE_URL"] = "sqlite3:#{folder}/rails.sqlite3"
ENV["RAILS_INBOUND_EMAIL_PASSWORD"] = "secret"

require "rails"
require "active_record/railtie"
require "action_controller/railtie"
require "active_job/railtie"
require "active_storage/engine"
require "action_mailbox/engine"
require "puma"
require "puma/server"

class Site < Rails::Application
  config.root = ARGV.fetch(0)
  config.load_defaults 6.1
  config.eager_load = false
  config.secret_key_base = "of no consequence"
  config.logger = Logger.new("#{ARGV.fetch(0)}/rails.log")
  config.active_job.queue_adapter = :inline
  config.active_storage.service = :local
  config.active_storage.service_configurations = {local: {service: "Disk", root: "#{ARGV.fetch(0)}/storage"}}
  config.active_storage.analyzers = []
  config.action_mailbox.ingress = :relay
  config.action_mailbox.incinerate = false
end

Site.initialize!

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table :active_storage_blobs do |t|
    t.string :key, null: false
    t.string :filename, null: false
    t.string :content_type
    t.text :metadata
    t.string :service_name, null: false
    t.bigint :byte_size, null: false
    t.string :checksum, null: false
    t.datetime :created_at, null: false
    t.index [:key], unique: true
  end
  create_table :active_storage_attachments do |t|
    t.string :name, null: false
    t.references :record, null: false, polymorphic: true, index: false
    t.references :blob, null: false
    t.datetime :created_at, null: false
  end
  create_table :active_storage_variant_records do |t|
    t.belongs_to :blob, null: false, index: false
    t.string :variation_digest, null: false
  end
  create_table :action_mailbox_inbound_emails do |t|
    t.integer :status, default: 0, null: false
    t.string :message_id, null: false
    t.string :message_checksum, null: false
    t.timestamps
    t.index [:message_id, :message_checksum], name: "index_action_mailbox_inbound_emails_uniqueness", unique: true
  end
end

FileUtils.mkdir_p("#{folder}/kept")

class ApplicationMailbox < ActionMailbox::Base
  routing all: :keep
end

class KeepMailbox < ApplicationMailbox
  def process
    File.binwrite("#{Site.config.root}/kept/#{inbound_email.id}", inbound_email.raw_email.download)
  end
end

server = Puma::Server.new(Site)
listener = server.add_tcp_listener("127.0.0.1", 0)
server.run
puts "port #{listener.addr[1]}"
$stdout.flush
$stdin.read
server.stop(true)
