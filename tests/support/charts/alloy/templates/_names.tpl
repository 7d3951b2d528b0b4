{{- define "alloy.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Takes the root and the component that the labels name, if any. */ -}}
{{- define "alloy.labels" -}}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{ include "alloy.selector" .root }}
app.kubernetes.io/version: {{ with .root.Values.image.digest }}{{ trimPrefix "sha256:" . | trunc 63 }}{{ else }}{{ .root.Values.image.tag }}{{ end }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "alloy.image" -}}
{{ .registry }}/{{ .repository }}{{ with .digest }}@{{ . }}{{ else }}:{{ .tag }}{{ end }}
{{- end }}
