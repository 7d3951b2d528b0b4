{{- /* Which part of Loki answers which paths: nginx's modifier and path. */ -}}
{{- define "loki.routes" -}}
distributor:
  - = /api/prom/push
  - = /loki/api/v1/push
  - = /otlp/v1/logs
  - = /distributor/ring
ingester:
  - = /flush
  - ^~ /ingester/
  - = /ring
  - = /memberlist
  - = /config
ruler:
  - = /ruler/ring
  - = /api/prom/rules
  - ^~ /api/prom/rules/
  - = /loki/api/v1/rules
  - ^~ /loki/api/v1/rules/
  - = /prometheus/api/v1/alerts
  - = /prometheus/api/v1/rules
compactor:
  - = /compactor/ring
  - = /loki/api/v1/delete
  - = /loki/api/v1/cache/generation_numbers
index-gateway:
  - = /indexgateway/ring
query-scheduler:
  - = /scheduler/ring
querier:
  - ^~ /ui
query-frontend:
  - = /api/prom/tail
  - = /loki/api/v1/tail
  - ^~ /api/prom/
  - ^~ /loki/api/v1/
{{- end }}

{{- /* The Service of a part: in the modes with fewer roles, of the role that it is in. */ -}}
{{- define "loki.serviceOf" -}}
{{- $name := .root.Values.fullnameOverride -}}
{{- if eq .root.Values.deploymentMode "Monolithic" -}}
{{ $name }}
{{- else if eq .root.Values.deploymentMode "Distributed" -}}
{{ $name }}-{{ .part }}
{{- else -}}
{{ $name }}-{{ dict "distributor" "write" "ingester" "write" "querier" "read" "query-frontend" "read" | dig .part "backend" }}
{{- end -}}
{{- end }}

{{- define "loki.nginx" -}}
pid /tmp/nginx.pid;
error_log /dev/stderr;
events {}
http {
  access_log /dev/stderr;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  default_type application/octet-stream;
  client_max_body_size {{ .Values.gateway.nginxConfig.clientMaxBodySize }};
  proxy_http_version 1.1;
  proxy_read_timeout 600;
  proxy_send_timeout 600;
  proxy_connect_timeout 600;
  # A name in a variable is resolved when it is needed: nginx starts before Loki does.
  resolver {{ .Values.global.dnsService }}.{{ .Values.global.dnsNamespace }}.svc.{{ .Values.global.clusterDomain }}.;
  # A tail is a web socket; every other request goes on as it came.
  map $http_upgrade $connection_asked {
    default upgrade;
    "" "";
  }
  {{- with .Values.gateway.nginxConfig.httpSnippet }}
  {{- . | nindent 2 }}
  {{- end }}
  server {
    listen 8080;
    {{- if .Values.gateway.nginxConfig.enableIPv6 }}
    listen [::]:8080;
    {{- end }}
    {{- if .Values.gateway.basicAuth }}
    auth_basic "Loki";
    auth_basic_user_file /etc/nginx/secrets/.htpasswd;
    {{- end }}
    location = / {
      auth_basic off;
      {{- with .Values.gateway.nginxConfig.locationSnippet }}
      {{- tpl . $ | nindent 6 }}
      {{- end }}
      return 200 OK;
    }
    {{- range $part, $paths := include "loki.routes" . | fromYaml }}
    {{- $service := include "loki.serviceOf" (dict "root" $ "part" $part) }}
    {{- range $paths }}
    location {{ . }} {
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_asked;
      {{- with $.Values.gateway.nginxConfig.locationSnippet }}
      {{- tpl . $ | nindent 6 }}
      {{- end }}
      set $loki http://{{ $service }}.{{ $.Release.Namespace }}.svc.{{ $.Values.global.clusterDomain }}:3100;
      proxy_pass $loki$request_uri;
    }
    {{- end }}
    {{- end }}
    {{- with .Values.gateway.nginxConfig.serverSnippet }}
    {{- . | nindent 4 }}
    {{- end }}
  }
}
{{- end }}
